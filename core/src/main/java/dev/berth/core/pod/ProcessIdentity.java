package dev.berth.core.pod;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * Whom a container's process runs as, found as containerd finds it: the pod's numbers first, then
 * the image's user, whose name is looked up in the image's own {@code /etc/passwd} and {@code
 * /etc/group}.
 *
 * @param uid the user
 * @param gid the group
 * @param additionalGids further groups
 */
public record ProcessIdentity(long uid, long gid, List<Long> additionalGids) {
    /** Copies the list. */
    public ProcessIdentity {
        additionalGids = List.copyOf(additionalGids);
    }

    /**
     * Finds it.
     *
     * @param imageUser what the image says: {@code user}, {@code uid}, {@code user:group}, … or
     *     empty for root
     * @param passwd the image's {@code /etc/passwd}, or empty
     * @param group the image's {@code /etc/group}, or empty
     * @throws ConfigProblem when the user or the group is not known, or is root and must not be
     */
    public static ProcessIdentity of(
            Pod pod, Container container, String imageUser, String passwd, String group)
            throws ConfigProblem {
        checkNonRoot(pod, container, imageUser);
        var podSays = pod.spec().security();
        var says = container.security();
        var runAsUser = says.runAsUser() != null ? says.runAsUser() : podSays.runAsUser();
        var runAsGroup = says.runAsGroup() != null ? says.runAsGroup() : podSays.runAsGroup();

        var colon = imageUser.indexOf(':');
        var userText =
                runAsUser != null
                        ? runAsUser.toString()
                        : colon < 0 ? imageUser : imageUser.substring(0, colon);
        var groupText = runAsUser != null || colon < 0 ? "" : imageUser.substring(colon + 1);
        var user = userText.isEmpty() ? "0" : userText;
        var entry = entry(passwd, user);
        var uid = entry.map(one -> one.number(2)).orElse(number(user));
        if (uid == null) {
            throw new ConfigProblem(
                    "unable to find user " + user + ": no matching entries in passwd file");
        }
        var gid = entry.map(one -> one.number(3)).orElse(0L);
        if (!groupText.isEmpty()) {
            var found = entry(group, groupText).map(one -> one.number(2)).orElse(number(groupText));
            if (found == null) {
                throw new ConfigProblem(
                        "unable to find group "
                                + groupText
                                + ": no matching entries in group file");
            }
            gid = found;
        }
        if (runAsGroup != null) {
            gid = runAsGroup;
        }
        var more = new TreeSet<Long>();
        if (!"Strict".equals(podSays.supplementalGroupsPolicy())) {
            entry.map(one -> one.field(0)).ifPresent(name -> more.addAll(memberships(group, name)));
        }
        more.addAll(podSays.supplementalGroups());
        if (podSays.fsGroup() != null) {
            more.add(podSays.fsGroup());
        }
        more.remove(gid);
        return new ProcessIdentity(uid, gid, new ArrayList<>(more));
    }

    /** All its groups as containerd counts them: its first group, then the others. */
    public List<Long> allGroups() {
        var all = new ArrayList<Long>();
        all.add(gid);
        all.addAll(additionalGids);
        return all;
    }

    private static void checkNonRoot(Pod pod, Container container, String imageUser)
            throws ConfigProblem {
        var says = container.security();
        var podSays = pod.spec().security();
        var nonRoot = says.runAsNonRoot() != null ? says.runAsNonRoot() : podSays.runAsNonRoot();
        if (nonRoot == null || !nonRoot) {
            return;
        }
        var where = "(pod: \"%s\", container: %s)".formatted(PodWords.full(pod), container.name());
        var runAsUser = says.runAsUser() != null ? says.runAsUser() : podSays.runAsUser();
        if (runAsUser != null) {
            if (runAsUser == 0) {
                throw new ConfigProblem("container's runAsUser breaks non-root policy " + where);
            }
            return;
        }
        var user =
                imageUser.contains(":")
                        ? imageUser.substring(0, imageUser.indexOf(':'))
                        : imageUser;
        var uid = user.isEmpty() ? Long.valueOf(0) : number(user);
        if (uid == null) {
            throw new ConfigProblem(
                    "container has runAsNonRoot and image has non-numeric user ("
                            + user
                            + "), cannot verify user is non-root "
                            + where);
        }
        if (uid == 0) {
            throw new ConfigProblem(
                    "container has runAsNonRoot and image will run as root " + where);
        }
    }

    private static List<Long> memberships(String group, String name) {
        return group.lines()
                .map(Entry::new)
                .filter(entry -> List.of(entry.field(3).split(",")).contains(name))
                .map(entry -> entry.number(2))
                .flatMap(gid ->
                        gid == null
                                ? java.util.stream.Stream.empty()
                                : java.util.stream.Stream.of(gid))
                .toList();
    }

    /** The line of passwd or group whose name, or else whose number, is this. */
    private static Optional<Entry> entry(String file, String wanted) {
        var entries = file.lines().map(Entry::new).toList();
        var byName = entries.stream().filter(entry -> entry.field(0).equals(wanted)).findFirst();
        return byName.isPresent()
                ? byName
                : entries.stream().filter(entry -> entry.field(2).equals(wanted)).findFirst();
    }

    private static @Nullable Long number(String text) {
        return text.matches("\\d{1,10}") ? Long.valueOf(text) : null;
    }

    private record Entry(String line) {
        String field(int index) {
            var fields = line.split(":", -1);
            return index < fields.length ? fields[index].strip() : "";
        }

        @Nullable Long number(int index) {
            return ProcessIdentity.number(field(index));
        }
    }
}
