package dev.berth.core.pod;

import dev.berth.core.pod.FileSystems.AccessPoint;
import dev.berth.core.pod.FileSystems.Creation;
import dev.berth.core.pod.FileSystems.PosixUser;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What users say of an access point after its path, in the words of EFS's own: {@code
 * uid=1000,gid=1000} makes a container's own user that one (PosixUser), {@code
 * owner-uid=1000,owner-gid=1000,permissions=0755} makes its folder where it is missing
 * (CreationInfo). Two plain numbers are short for the owner of a folder with 0755.
 */
final class AccessPointText {
    private static final long ID_MOST = 4_294_967_294L;
    private static final int USUAL_MODE = 0755;
    private static final int MODE_MOST = 07777;
    private static final List<String> USER = List.of("uid", "gid");
    private static final List<String> CREATION = List.of("owner-uid", "owner-gid", "permissions");

    private AccessPointText() {}

    /**
     * Understands it.
     *
     * @param settings empty, or all settings with a comma before each
     * @throws IllegalArgumentException with a sentence for the user
     */
    static AccessPoint of(String id, String fileSystem, String path, String settings) {
        if (settings.matches(",\\d{1,10},\\d{1,10}")) {
            var numbers = settings.split(",", -1);
            return new AccessPoint(
                    fileSystem,
                    path,
                    new Creation(number(id, numbers[1]), number(id, numbers[2]), USUAL_MODE),
                    null);
        }
        var said = new HashMap<String, String>();
        for (var setting :
                settings.isEmpty() ? new String[0] : settings.substring(1).split(",", -1)) {
            var equals = setting.indexOf('=');
            var name = equals < 0 ? setting : setting.substring(0, equals);
            if (equals < 0
                    || !(USER.contains(name) || CREATION.contains(name))
                    || said.put(name, setting.substring(equals + 1)) != null) {
                throw wrong(
                        id,
                        "takes uid, gid, owner-uid, owner-gid and permissions, once each, not "
                                + setting);
            }
        }
        return new AccessPoint(fileSystem, path, creation(id, said), user(id, said));
    }

    private static @Nullable PosixUser user(String id, Map<String, String> said) {
        return all(id, said, USER)
                ? new PosixUser(number(id, get(said, "uid")), number(id, get(said, "gid")))
                : null;
    }

    private static @Nullable Creation creation(String id, Map<String, String> said) {
        if (!all(id, said, CREATION)) {
            return null;
        }
        var mode = get(said, "permissions");
        if (!mode.matches("0?[0-7]{3,4}") || Integer.parseInt(mode, 8) > MODE_MOST) {
            throw wrong(id, "takes permissions as octal digits, such as 0755, not " + mode);
        }
        return new Creation(
                number(id, get(said, "owner-uid")),
                number(id, get(said, "owner-gid")),
                Integer.parseInt(mode, 8));
    }

    private static boolean all(String id, Map<String, String> said, List<String> names) {
        var count = names.stream().filter(said::containsKey).count();
        if (count > 0 && count < names.size()) {
            throw wrong(id, "needs all of " + String.join(", ", names) + ", or none");
        }
        return count > 0;
    }

    private static String get(Map<String, String> said, String name) {
        return said.getOrDefault(name, "");
    }

    private static long number(String id, String text) {
        if (!text.matches("\\d{1,10}") || Long.parseLong(text) > ID_MOST) {
            throw wrong(
                    id,
                    "takes numbers from 0 to " + ID_MOST + " for users and groups, not " + text);
        }
        return Long.parseLong(text);
    }

    private static IllegalArgumentException wrong(String id, String what) {
        return new IllegalArgumentException("--efs-access-point " + id + " " + what);
    }
}
