package dev.berth.app.lab;

/**
 * The kubeconfig of a cluster, as YAML.
 *
 * @param cluster its name
 * @param endpoint its API server
 * @param certificateAuthority the CA's PEM in Base64
 */
public record KubeconfigText(String cluster, String endpoint, String certificateAuthority) {
    /** With a token that lasts 15 minutes. */
    public String withToken(String token) {
        return head() + "    token: " + token + "\n";
    }

    /**
     * With a command that makes tokens, run by kubectl whenever it needs one.
     *
     * @param command the program and its arguments
     */
    public String withCommand(java.util.List<String> command) {
        var yaml = new StringBuilder(head());
        yaml.append(
                "    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n      interactiveMode: Never\n      command: ");
        yaml.append(quoted(command.getFirst())).append("\n      args:\n");
        command.stream()
                .skip(1)
                .forEach(argument -> yaml.append("      - ").append(quoted(argument)).append('\n'));
        return yaml.toString();
    }

    private String head() {
        return """
        apiVersion: v1
        kind: Config
        clusters:
        - name: %1$s
          cluster:
            server: %2$s
            certificate-authority-data: %3$s
        contexts:
        - name: %1$s
          context: {cluster: %1$s, user: %1$s}
        current-context: %1$s
        users:
        - name: %1$s
          user:
        """
                .formatted(cluster, endpoint, certificateAuthority);
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "''") + "'";
    }
}
