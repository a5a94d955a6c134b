package dev.berth.edge.cli;

import dev.berth.core.pod.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

/** {@code berth} and its commands. */
@Command(
        name = "berth",
        mixinStandardHelpOptions = true,
        version = "berth 0.1.0",
        description = "EKS Fargate on your own machines.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            BerthCommand.Up.class,
            BerthCommand.Env.class,
            BerthCommand.Kubeconfig.class,
            BerthCommand.Token.class,
            BerthCommand.ImageCommand.class,
            NodeCommand.class,
            BerthCommand.Status.class,
            BerthCommand.Doctor.class,
            BerthCommand.Down.class,
            BerthCommand.Lab.class,
            CommandLine.HelpCommand.class
        },
        footer = {
            "",
            "Handled by the script around it: berth test (every test), berth fmt (the formatter),",
            "berth bench (the benchmarks), berth soak (trials of endurance), berth conformance (Kubernetes' own node tests, scored).",
            "Exit codes: 0 done, 1 could not (the reason is on standard error), 2 wrong use."
        })
public final class BerthCommand implements Runnable {
    private final Actions actions;
    @Spec private @Nullable CommandSpec spec;

    private BerthCommand(Actions actions) {
        this.actions = actions;
    }

    Actions actions() {
        return actions;
    }

    /** The parser of the whole command line. */
    public static CommandLine commandLine(Actions actions) {
        var line = new CommandLine(new BerthCommand(actions));
        line.setExecutionExceptionHandler((failure, command, parsed) -> {
            if (failure instanceof InterruptedException) {
                return 130;
            }
            var message = failure.getMessage();
            command.getErr().println("berth: " + (message == null ? failure.toString() : message));
            if (System.getenv("BERTH_TRACE") != null) {
                failure.printStackTrace(command.getErr());
            }
            return 1;
        });
        line.setParameterExceptionHandler((wrong, arguments) -> {
            var command = wrong.getCommandLine();
            command.getErr()
                    .println(
                            "berth: "
                                    + wrong.getMessage()
                                    + " ("
                                    + command.getCommandSpec().qualifiedName()
                                    + " --help tells how it is used)");
            return CommandLine.ExitCode.USAGE;
        });
        return line;
    }

    @Override
    public void run() {
        throw new CommandLine.ParameterException(
                java.util.Objects.requireNonNull(spec).commandLine(), "Name a command.");
    }

    /** Where the data lies. */
    static final class DataOption {
        @Option(
                names = "--data",
                paramLabel = "DIR",
                description = "the data folder (default: $BERTH_DATA, else ~/.local/share/berth)")
        private @Nullable Path data;

        Path folder() {
            if (data != null) {
                return data.toAbsolutePath().normalize();
            }
            var fromEnvironment = System.getenv("BERTH_DATA");
            return (fromEnvironment != null && !fromEnvironment.isEmpty()
                            ? Path.of(fromEnvironment)
                            : Path.of(System.getProperty("user.home"), ".local/share/berth"))
                    .toAbsolutePath()
                    .normalize();
        }
    }

    /** How Berth is to run. */
    static final class RunOptions {
        private static final int OVERCOMMIT_MAX = 1000;

        @Mixin private DataOption data = new DataOption();

        @Option(
                names = "--port",
                defaultValue = "4566",
                description =
                        "the AWS endpoint's port, 0 for any free one (default: ${DEFAULT-VALUE})")
        private int port;

        @Option(
                names = "--listen",
                defaultValue = "127.0.0.1",
                description = "the address to listen on (default: ${DEFAULT-VALUE})")
        private String listen = "127.0.0.1";

        @Option(
                names = "--region",
                defaultValue = "eu-west-1",
                description = "the AWS region (default: ${DEFAULT-VALUE})")
        private String region = "eu-west-1";

        @Option(
                names = "--account",
                defaultValue = "111122223333",
                description = "the AWS account of a new data folder (default: ${DEFAULT-VALUE})")
        private String account = "111122223333";

        @Option(
                names = "--versions",
                defaultValue = "nearest",
                description =
                        "nearest: run the nearest Kubernetes version there is; strict: refuse others as AWS"
                                + " does (default: ${DEFAULT-VALUE})")
        private String versions = "nearest";

        @Option(
                names = "--mirror",
                paramLabel = "REGISTRY=URL",
                description = "where images of a registry are pulled from; may be repeated")
        private List<String> mirrors = List.of();

        @Option(
                names = "--docker-config",
                paramLabel = "FILE",
                description =
                        "a config.json of docker login's, whose credentials are tried after a pod's own")
        private @Nullable Path dockerConfig;

        @Option(
                names = "--image-gc-high",
                paramLabel = "PERCENT",
                defaultValue = "85",
                description =
                        "at which use of the disk unused images are removed, until 5 less; 100 is never"
                                + " (default: ${DEFAULT-VALUE})")
        private int imageGcHigh = 85;

        @Option(
                names = "--image-max-age",
                paramLabel = "HOURS",
                defaultValue = "0",
                description =
                        "how long a pulled image may be unused, 0 for ever (default: ${DEFAULT-VALUE})")
        private int imageMaxAge;

        @Option(
                names = "--memory-overcommit",
                paramLabel = "TIMES",
                description =
                        "how often the machine's memory for pods is given out, 1 or more"
                                + " (default: ${DEFAULT-VALUE}, so that no pod within its size is killed)")
        private double memoryOvercommit = 1;

        @Option(
                names = "--efs",
                paramLabel = "fs-ID=FOLDER",
                description =
                        "serves an EFS file system from a folder of this machine; may be repeated")
        private List<String> fileSystems = List.of();

        @Option(
                names = "--efs-access-point",
                paramLabel = "fsap-ID=fs-ID:/PATH[,SETTING=NUMBER...]",
                description =
                        "a way into such a file system; uid=N,gid=N: who a container's user is there;"
                                + " owner-uid=N,owner-gid=N,permissions=0755: its folder is made when"
                                + " it is missing; may be repeated")
        private List<String> accessPoints = List.of();

        @Spec(Spec.Target.MIXEE)
        private @Nullable CommandSpec spec;

        Actions.Options options() {
            if (!(memoryOvercommit >= 1 && memoryOvercommit <= OVERCOMMIT_MAX)) {
                throw wrong(
                        "--memory-overcommit takes 1 to "
                                + OVERCOMMIT_MAX
                                + ", not "
                                + memoryOvercommit);
            }
            if (!account.matches("\\d{12}")) {
                throw wrong("--account takes 12 digits, not " + account);
            }
            if (!versions.equals("nearest") && !versions.equals("strict")) {
                throw wrong("--versions takes nearest or strict, not " + versions);
            }
            if (port < 0 || port > 65535) {
                throw wrong("--port takes 0 to 65535, not " + port);
            }
            if (imageGcHigh < 6 || imageGcHigh > 100) {
                throw wrong("--image-gc-high takes 6 to 100, not " + imageGcHigh);
            }
            if (imageMaxAge < 0) {
                throw wrong("--image-max-age takes 0 or more hours, not " + imageMaxAge);
            }
            if (dockerConfig != null && !Files.isReadable(dockerConfig)) {
                throw wrong("--docker-config takes a file that can be read, not " + dockerConfig);
            }
            for (var mirror : mirrors) {
                if (!mirror.matches("[^=]+=https?://.+")) {
                    throw wrong(
                            "--mirror takes REGISTRY=URL, such as docker.io=http://127.0.0.1:5000, not "
                                    + mirror);
                }
            }
            return new Actions.Options(
                    data.folder(),
                    port,
                    listen,
                    region,
                    account,
                    versions.equals("strict"),
                    mirrors,
                    new Actions.ImageOptions(
                            dockerConfig == null ? null : dockerConfig.toAbsolutePath(),
                            imageGcHigh,
                            imageMaxAge),
                    memoryOvercommit,
                    served(),
                    accessPoints);
        }

        /** The file systems with absolute folders, all of them there. */
        private List<String> served() {
            try {
                var all = new ArrayList<String>();
                FileSystems.of(fileSystems, accessPoints)
                        .folders()
                        .forEach((id, folder) -> {
                            var path = Path.of(folder).toAbsolutePath().normalize();
                            if (!Files.isDirectory(path)) {
                                throw wrong("--efs " + id + ": " + path + " is no folder");
                            }
                            all.add(id + "=" + path);
                        });
                return all;
            } catch (IllegalArgumentException problem) {
                throw wrong(String.valueOf(problem.getMessage()));
            }
        }

        private CommandLine.ParameterException wrong(String message) {
            return new CommandLine.ParameterException(
                    java.util.Objects.requireNonNull(spec).commandLine(), message);
        }
    }

    /** A command with the data option. */
    abstract static class Sub implements Callable<Integer> {
        @ParentCommand private @Nullable BerthCommand parent;

        Actions actions() {
            return java.util.Objects.requireNonNull(parent).actions;
        }
    }

    @Command(name = "up", mixinStandardHelpOptions = true, description = "Start Berth.")
    static final class Up extends Sub {
        @Mixin private RunOptions run = new RunOptions();

        @Option(names = "--detach", description = "return as soon as the endpoint answers")
        private boolean detach;

        @Override
        public Integer call() throws Exception {
            return actions().up(run.options(), detach);
        }
    }

    @Command(
            name = "env",
            mixinStandardHelpOptions = true,
            description = {"Print export lines for AWS clients.", "Use: eval \"$$(berth env)\""})
    static final class Env extends Sub {
        @Mixin private DataOption data = new DataOption();

        @Override
        public Integer call() throws Exception {
            return actions().env(data.folder());
        }
    }

    @Command(
            name = "kubeconfig",
            mixinStandardHelpOptions = true,
            description = "Print a kubeconfig for a cluster; its tokens come from berth token.")
    static final class Kubeconfig extends Sub {
        @Mixin private DataOption data = new DataOption();

        @Parameters(paramLabel = "CLUSTER", description = "the cluster's name")
        private String cluster = "";

        @Option(names = "--write", paramLabel = "FILE", description = "write it to a file instead")
        private @Nullable Path file;

        @Override
        public Integer call() throws Exception {
            return actions().kubeconfig(data.folder(), cluster, file);
        }
    }

    @Command(
            name = "token",
            mixinStandardHelpOptions = true,
            description = "Print an ExecCredential for kubectl, as aws eks get-token does.")
    static final class Token extends Sub {
        @Mixin private DataOption data = new DataOption();

        @Option(names = "--cluster-name", required = true, description = "the cluster's name")
        private String cluster = "";

        @Override
        public Integer call() throws Exception {
            return actions().token(data.folder(), cluster);
        }
    }

    @Command(
            name = "image",
            mixinStandardHelpOptions = true,
            description = "Container images on this machine.",
            subcommands = {
                BerthCommand.ImageImport.class,
                BerthCommand.ImageList.class,
                BerthCommand.ImageRemove.class,
                BerthCommand.ImageGc.class,
                BerthCommand.ImageBuildDemo.class
            })
    static final class ImageCommand implements Runnable {
        @ParentCommand private @Nullable BerthCommand parent;
        @Spec private @Nullable CommandSpec spec;

        @Override
        public void run() {
            throw new CommandLine.ParameterException(
                    java.util.Objects.requireNonNull(spec).commandLine(),
                    "Name a command: import, list, remove, gc or build-demo.");
        }

        Actions actions() {
            return java.util.Objects.requireNonNull(parent).actions;
        }
    }

    /** A command below image. */
    abstract static class ImageSub implements Callable<Integer> {
        @ParentCommand private @Nullable ImageCommand parent;

        Actions actions() {
            return java.util.Objects.requireNonNull(parent).actions();
        }
    }

    @Command(
            name = "import",
            mixinStandardHelpOptions = true,
            description = "Import an OCI layout (folder or tar) or an archive of docker save.")
    static final class ImageImport extends ImageSub {
        @Mixin private DataOption data = new DataOption();

        @Parameters(paramLabel = "FILE", description = "the folder or file")
        private Path file = Path.of("");

        @Override
        public Integer call() throws Exception {
            return actions().importImage(data.folder(), file.toAbsolutePath());
        }
    }

    @Command(name = "list", mixinStandardHelpOptions = true, description = "List the images.")
    static final class ImageList extends ImageSub {
        @Mixin private DataOption data = new DataOption();

        @Override
        public Integer call() throws Exception {
            return actions().listImages(data.folder());
        }
    }

    @Command(
            name = "remove",
            aliases = "rm",
            mixinStandardHelpOptions = true,
            description = "Remove images by name or id.")
    static final class ImageRemove extends ImageSub {
        @Mixin private DataOption data = new DataOption();

        @Parameters(paramLabel = "IMAGE", arity = "1..*", description = "names or ids")
        private List<String> images = List.of();

        @Override
        public Integer call() throws Exception {
            return actions().removeImages(data.folder(), images);
        }
    }

    @Command(
            name = "gc",
            mixinStandardHelpOptions = true,
            description =
                    "Remove pulled images that no container uses, and what belongs to no image.")
    static final class ImageGc extends ImageSub {
        @Mixin private DataOption data = new DataOption();

        @Override
        public Integer call() throws Exception {
            return actions().cleanImages(data.folder());
        }
    }

    @Command(
            name = "build-demo",
            mixinStandardHelpOptions = true,
            description =
                    "Make nginx, busybox and pause from Debian's packages, for machines without a registry.")
    static final class ImageBuildDemo extends ImageSub {
        @Mixin private DataOption data = new DataOption();

        @Option(names = "--force", description = "also when they are already there")
        private boolean force;

        @Override
        public Integer call() throws Exception {
            return actions().buildDemoImages(data.folder(), force);
        }
    }

    @Command(name = "status", mixinStandardHelpOptions = true, description = "Tell what runs.")
    static final class Status extends Sub {
        @Mixin private DataOption data = new DataOption();

        @Option(names = "--json", description = "as JSON")
        private boolean json;

        @Override
        public Integer call() throws Exception {
            return actions().status(data.folder(), json);
        }
    }

    @Command(
            name = "doctor",
            mixinStandardHelpOptions = true,
            description = "Tell what this machine can and cannot do, and how to mend it.")
    static final class Doctor extends Sub {
        @Mixin private DataOption data = new DataOption();

        @Override
        public Integer call() throws Exception {
            return actions().doctor(data.folder());
        }
    }

    @Command(
            name = "down",
            mixinStandardHelpOptions = true,
            description = "Stop all: clusters and pods too, also what a crash has left behind.")
    static final class Down extends Sub {
        @Mixin private DataOption data = new DataOption();

        @Option(names = "--purge", description = "remove the data, too")
        private boolean purge;

        @Override
        public Integer call() throws Exception {
            return actions().down(data.folder(), purge);
        }
    }

    @Command(
            name = "lab",
            mixinStandardHelpOptions = true,
            description = "Walk the EKS Fargate lab on real containers, and tell each step's time.")
    static final class Lab extends Sub {
        @Mixin private RunOptions run = new RunOptions();

        @Option(
                names = "--stop",
                description = "stop Berth at the end, instead of leaving the lab to play with")
        private boolean stop;

        @Override
        public Integer call() throws Exception {
            return actions().lab(run.options(), !stop);
        }
    }
}
