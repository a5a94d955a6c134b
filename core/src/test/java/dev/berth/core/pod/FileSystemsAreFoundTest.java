package dev.berth.core.pod;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.pod.FileSystems.Creation;
import dev.berth.core.pod.FileSystems.Place;
import dev.berth.core.pod.FileSystems.PosixUser;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A volume handle of the EFS driver names a folder of the machine. */
class FileSystemsAreFoundTest {
    private final FileSystems served =
            FileSystems.of(
                    List.of("fs-1=/srv/one", "fs-2=/srv/two"),
                    List.of("fsap-a=fs-1:/app/a,1001,1002", "fsap-b=fs-1:/app"));

    @ParameterizedTest
    @CsvSource({
        "fs-1, /srv/one, ''",
        "fs-2, /srv/two, ''",
        "fs-1:/, /srv/one, ''",
        "fs-1:/data/x, /srv/one, data/x",
        "fs-1::, /srv/one, ''",
        "fs-1::fsap-b, /srv/one, app",
        "fs-1:/x:fsap-b, /srv/one, app/x",
    })
    void every_form_of_a_handle(String handle, String folder, String below) throws Exception {
        assertThat(served.locate(handle)).isEqualTo(new Place(folder, below, null, null));
    }

    @Test
    void an_access_point_has_an_owner() throws Exception {
        assertThat(served.locate("fs-1::fsap-a"))
                .isEqualTo(new Place("/srv/one", "app/a", new Creation(1001, 1002, 0755), null));
    }

    @Test
    void an_access_point_may_make_everybody_one_user() throws Exception {
        var served =
                FileSystems.of(
                        List.of("fs-1=/srv"),
                        List.of(
                                "fsap-u=fs-1:/a,uid=1000,gid=1001",
                                "fsap-c=fs-1:/a,permissions=2770,owner-gid=6,owner-uid=5,uid=0,gid=0"));
        assertThat(served.locate("fs-1::fsap-u"))
                .isEqualTo(new Place("/srv", "a", null, new PosixUser(1000, 1001)));
        assertThat(served.locate("fs-1::fsap-c"))
                .isEqualTo(new Place("/srv", "a", new Creation(5, 6, 02770), new PosixUser(0, 0)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "uid=1 | needs all of uid, gid, or none",
                "owner-uid=1,owner-gid=1 | needs all of owner-uid, owner-gid, permissions, or none",
                "uid=1,gid=x | takes numbers from 0 to 4294967294 for users and groups, not x",
                "uid=1,gid=4294967295 | takes numbers from 0 to 4294967294",
                "uid=1,gid=1,uid=1 | once each, not uid=1",
                "user=1 | takes uid, gid, owner-uid, owner-gid and permissions, once each, not user=1",
                "owner-uid=1,owner-gid=1,permissions=999 | takes permissions as octal digits",
                "1 | once each, not 1",
            })
    void what_is_wrong_with_an_access_point_is_said(String settings, String words) {
        assertThatThrownBy(() ->
                        FileSystems.of(List.of("fs-1=/srv"), List.of("fsap-a=fs-1:/a," + settings)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("--efs-access-point fsap-a ")
                .hasMessageContaining(words);
    }

    @ParameterizedTest
    @CsvSource({
        "fs-3, file system fs-3 is not served here: start with --efs fs-3=FOLDER",
        "fs-2::fsap-a, access point fsap-a of file system fs-2 is not known here",
        "fs-1::fsap-z, access point fsap-z of file system fs-1 is not known here",
        "fs-1:/a/../..:fsap-b, must not contain '..'",
        "vol-1, volume ID 'vol-1' is invalid",
        "fs-1:a:b:c, volume ID 'fs-1:a:b:c' is invalid",
    })
    void what_is_not_served_is_said_plainly(String handle, String words) {
        assertThatThrownBy(() -> served.locate(handle))
                .isInstanceOf(ConfigProblem.class)
                .hasMessageContaining(words.replace("'", "'"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"fs-1", "=x", "vol-1=/x", "fs-1="})
    void a_file_system_needs_an_id_and_a_folder(String said) {
        assertThatThrownBy(() -> FileSystems.of(List.of(said), List.of()))
                .hasMessage("--efs takes fs-ID=FOLDER, such as fs-0123=/srv/shared, not " + said);
    }

    @Test
    void an_access_point_needs_a_file_system_that_is_served() {
        assertThatThrownBy(() -> FileSystems.of(List.of(), List.of("fsap-a=fs-1:/a")))
                .hasMessage("--efs-access-point fsap-a is in fs-1, which no --efs names");
        assertThatThrownBy(() -> FileSystems.of(List.of("fs-1=/x"), List.of("fsap-a=fs-1:a")))
                .hasMessageStartingWith("--efs-access-point takes ");
    }
}
