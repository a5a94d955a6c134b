package dev.berth.edge.aws.eks;

import dev.berth.core.fault.Refused;
import dev.berth.edge.aws.Operation;
import dev.berth.engine.clusters.Clusters;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * EKS DescribeClusterVersions: the versions that can be run, newest first, all of them in standard
 * support. Dates and patch versions are left out: AWS's calendar is not ours. Source: eks-fargate
 * §12.3 (D)
 */
final class DescribeClusterVersions implements Operation {
    private static final String TYPE = "eks";
    private static final String STATUS = "standard-support";
    private static final String VERSION_STATUS = "STANDARD_SUPPORT";

    private final Clusters clusters;

    DescribeClusterVersions(Clusters clusters) {
        this.clusters = clusters;
    }

    @Override
    public Map<String, @Nullable Object> answer(Call call) throws Refused {
        var input = new Input(call.input());
        var versions = clusters.versions();
        var standard = versions.standard();
        var wanted = input.texts("clusterVersions");
        var told =
                versions.offered().reversed().stream()
                        .filter(version -> wanted.isEmpty() || wanted.contains(version))
                        .filter(version -> !input.isOn("defaultOnly") || version.equals(standard))
                        .filter(version -> isAsked(input))
                        .toList();
        return Page.of(
                input,
                "clusterVersions",
                told,
                version -> version,
                version -> shape(version, version.equals(standard)));
    }

    private static boolean isAsked(Input input) {
        return List.of(TYPE, "").contains(input.text("clusterType"))
                && List.of(STATUS, "").contains(input.text("status"))
                && List.of(VERSION_STATUS, "").contains(input.text("versionStatus"));
    }

    private static Map<String, Object> shape(String version, boolean standard) {
        var shape = new LinkedHashMap<String, Object>();
        shape.put("clusterVersion", version);
        shape.put("clusterType", TYPE);
        shape.put("defaultPlatformVersion", Clusters.PLATFORM_VERSION);
        shape.put("defaultVersion", standard);
        shape.put("status", STATUS);
        shape.put("versionStatus", VERSION_STATUS);
        return shape;
    }
}
