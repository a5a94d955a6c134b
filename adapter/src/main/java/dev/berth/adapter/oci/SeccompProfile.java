package dev.berth.adapter.oci;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Set;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * What system calls containers may make: the profile {@code RuntimeDefault} as OCI configuration,
 * depending on the capabilities that a container has.
 */
final class SeccompProfile {
    private static final String RESOURCE = "seccomp-default.json";
    private static final int EPERM = 1;
    private static final int ENOSYS = 38;

    private final JsonMapper json;
    private final JsonNode rules;
    private final String architecture;
    private final Path profiles;

    /**
     * Reads the rules.
     *
     * @param profiles where profiles of users lie; a pod names one by its path in there
     */
    SeccompProfile(JsonMapper json, String architecture, Path profiles) {
        this.profiles = profiles;
        this.json = json;
        this.architecture = architecture;
        try (var stream = SeccompProfile.class.getResourceAsStream(RESOURCE)) {
            if (stream == null) {
                throw new IllegalStateException("missing from the program: " + RESOURCE);
            }
            rules = json.readTree(stream);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }

    /** The default profile for a container with these capabilities. */
    ObjectNode forCapabilities(Collection<String> capabilities) {
        var profile = json.createObjectNode();
        profile.put("defaultAction", "SCMP_ACT_ERRNO").put("defaultErrnoRet", EPERM);
        var architectures = profile.putArray("architectures");
        if (architecture.equals("amd64")) {
            architectures.add("SCMP_ARCH_X86_64").add("SCMP_ARCH_X86").add("SCMP_ARCH_X32");
        } else {
            architectures.add("SCMP_ARCH_AARCH64").add("SCMP_ARCH_ARM");
        }
        var calls = profile.putArray("syscalls");
        var names = allow(calls).putArray("names");
        names.addAll((ArrayNode) rules.required("allow"));
        for (var entry : rules.required("allowOnArchitecture").properties()) {
            if (entry.getKey().equals(architecture)) {
                names.addAll((ArrayNode) entry.getValue());
            }
        }
        for (var entry : rules.required("allowWithCapability").properties()) {
            if (capabilities.contains(entry.getKey())) {
                names.addAll((ArrayNode) entry.getValue());
            }
        }
        for (var entry : rules.required("allowWithFirstArgument").properties()) {
            for (var value : entry.getValue()) {
                firstArgument(calls, entry.getKey(), "SCMP_CMP_EQ", value.asLong());
            }
        }
        for (var entry : rules.required("allowUnlessFirstArgument").properties()) {
            firstArgument(calls, entry.getKey(), "SCMP_CMP_NE", entry.getValue().asLong());
        }
        if (!Set.copyOf(capabilities).contains("CAP_SYS_ADMIN")) {
            withoutNamespaces(calls);
        }
        return profile;
    }

    /** A profile from a file, in OCI form. */
    ObjectNode fromFile(String name) throws IOException {
        var file = profiles.resolve(name).normalize();
        if (!file.startsWith(profiles)) {
            throw new IOException("seccomp profile " + name + " is not in " + profiles);
        }
        try {
            if (json.readTree(Files.readAllBytes(file)) instanceof ObjectNode profile) {
                return profile;
            }
        } catch (NoSuchFileException none) {
            throw new IOException(
                    "cannot load seccomp profile \"" + file + "\": no such file or directory",
                    none);
        } catch (JacksonException broken) {
            throw new IOException("seccomp profile " + file + " is not JSON", broken);
        }
        throw new IOException("seccomp profile " + file + " is not a JSON object");
    }

    /**
     * Threads and children yes, new namespaces no; clone3 hides its flags, so it does not exist.
     */
    private void withoutNamespaces(ArrayNode calls) {
        var clone = allow(calls);
        clone.putArray("names").add("clone");
        clone.putArray("args")
                .addObject()
                .put("index", 0)
                .put("value", rules.required("cloneFlagsWithoutAdmin").asLong())
                .put("valueTwo", 0)
                .put("op", "SCMP_CMP_MASKED_EQ");
        var clone3 = calls.addObject();
        clone3.putArray("names").add("clone3");
        clone3.put("action", "SCMP_ACT_ERRNO").put("errnoRet", ENOSYS);
    }

    private static ObjectNode allow(ArrayNode calls) {
        return calls.addObject().put("action", "SCMP_ACT_ALLOW");
    }

    private static void firstArgument(ArrayNode calls, String name, String operator, long value) {
        var call = allow(calls);
        call.putArray("names").add(name);
        call.putArray("args").addObject().put("index", 0).put("value", value).put("op", operator);
    }
}
