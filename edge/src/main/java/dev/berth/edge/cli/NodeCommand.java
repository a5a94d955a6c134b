package dev.berth.edge.cli;

import dev.berth.core.unit.Quantity;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code berth node} and its commands. */
@Command(
        name = "node",
        mixinStandardHelpOptions = true,
        description = {
            "Ordinary nodes of a cluster: for many pods, as EC2 instances are.",
            "The default scheduler puts pods there that no Fargate profile claims. hostNetwork, hostPort,",
            "hostPID, hostIPC, hostPath and privileged are served; a privileged pod is as powerful on",
            "this machine as Berth itself is."
        },
        subcommands = {NodeCommand.Add.class, NodeCommand.NodeList.class, NodeCommand.Remove.class})
final class NodeCommand implements Runnable {
    @ParentCommand private @Nullable BerthCommand parent;
    @Spec private @Nullable CommandSpec spec;

    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                java.util.Objects.requireNonNull(spec).commandLine(),
                "Name a command: add, list or remove.");
    }

    Actions actions() {
        return java.util.Objects.requireNonNull(parent).actions();
    }

    /** What all have in common. */
    abstract static class NodeSub implements Callable<Integer> {
        @ParentCommand private @Nullable NodeCommand parent;
        @Mixin private BerthCommand.DataOption data = new BerthCommand.DataOption();
        @Spec private @Nullable CommandSpec spec;

        @Option(
                names = "--cluster",
                paramLabel = "CLUSTER",
                required = true,
                description = "the cluster's name")
        private String cluster = "";

        Actions actions() {
            return java.util.Objects.requireNonNull(parent).actions();
        }

        Path data() {
            return data.folder();
        }

        String cluster() {
            return cluster;
        }

        CommandLine.ParameterException wrong(String message) {
            return new CommandLine.ParameterException(
                    java.util.Objects.requireNonNull(spec).commandLine(), message);
        }
    }

    @Command(name = "add", mixinStandardHelpOptions = true, description = "Make a node.")
    static final class Add extends NodeSub {
        private static final BigDecimal MEBI = BigDecimal.valueOf(1L << 20);
        private static final BigDecimal GIBI = BigDecimal.valueOf(1L << 30);

        @Parameters(paramLabel = "NAME", description = "the node's name")
        private String name = "";

        @Option(
                names = "--subnet",
                paramLabel = "ID",
                description = "the subnet (default: the first of the cluster's VPC)")
        private @Nullable String subnet;

        @Option(
                names = "--cpu",
                defaultValue = "2",
                description = "vCPUs, such as 2 or 500m (default: ${DEFAULT-VALUE})")
        private String cpu = "2";

        @Option(
                names = "--memory",
                defaultValue = "4Gi",
                description = "memory, such as 4Gi or 512Mi (default: ${DEFAULT-VALUE})")
        private String memory = "4Gi";

        @Option(
                names = "--disk",
                defaultValue = "20Gi",
                description = "what its pods can write (default: ${DEFAULT-VALUE})")
        private String disk = "20Gi";

        @Option(
                names = "--pods",
                defaultValue = "110",
                description = "how many pods it takes (default: ${DEFAULT-VALUE})")
        private int pods = 110;

        @Option(
                names = "--host-root",
                paramLabel = "DIR",
                description =
                        "what hostPath volumes see as /: a folder of this machine, or / for all of it"
                                + " (default: a folder of the node's own)")
        private @Nullable String hostRoot;

        @Option(
                names = "--label",
                paramLabel = "KEY=VALUE",
                description = "a further label; may be repeated")
        private List<String> labels = List.of();

        @Option(
                names = "--taint",
                paramLabel = "KEY=VALUE:EFFECT",
                description = "a taint; may be repeated")
        private List<String> taints = List.of();

        @Override
        public Integer call() throws Exception {
            for (var label : labels) {
                if (!label.matches("[^=]+=[^=]*")) {
                    throw wrong("--label takes KEY=VALUE, not " + label);
                }
            }
            for (var taint : taints) {
                if (!taint.matches("[^=:]+=[^=:]*:(NoSchedule|PreferNoSchedule|NoExecute)")) {
                    throw wrong(
                            "--taint takes KEY=VALUE:EFFECT with NoSchedule, PreferNoSchedule or"
                                    + " NoExecute, not "
                                    + taint);
                }
            }
            return actions()
                    .addNode(
                            data(),
                            cluster(),
                            new Actions.NodeWish(
                                    name,
                                    subnet,
                                    amount("--cpu", cpu, "m", BigDecimal.valueOf(1, 3)),
                                    amount("--memory", memory, "Mi", MEBI),
                                    amount("--disk", disk, "Gi", GIBI),
                                    pods,
                                    hostRoot,
                                    labels,
                                    taints));
        }

        private int amount(String option, String text, String name, BigDecimal unit) {
            try {
                return Quantity.parse(text)
                        .orElseThrow(() -> wrong(option + " takes a quantity, not " + text))
                        .amount()
                        .divide(unit)
                        .intValueExact();
            } catch (ArithmeticException uneven) {
                throw wrong(option + " takes whole " + name + ", not " + text);
            }
        }
    }

    @Command(name = "list", mixinStandardHelpOptions = true, description = "List the nodes.")
    static final class NodeList extends NodeSub {
        @Option(names = "--json", description = "as JSON")
        private boolean json;

        @Override
        public Integer call() throws Exception {
            return actions().listNodes(data(), cluster(), json);
        }
    }

    @Command(
            name = "remove",
            mixinStandardHelpOptions = true,
            description =
                    "Remove a node: its pods are deleted, with their grace and at most 30 s for it.")
    static final class Remove extends NodeSub {
        @Parameters(paramLabel = "NAME", description = "the node's name")
        private String name = "";

        @Override
        public Integer call() throws Exception {
            return actions().removeNode(data(), cluster(), name);
        }
    }
}
