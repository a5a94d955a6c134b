package dev.berth.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.port.Images;
import dev.berth.port.Images.PullFailed;
import java.util.List;
import org.assertj.core.api.InstanceOfAssertFactories;
import org.junit.jupiter.api.Test;

/** What every {@link Images} promises; the fake and the real one extend this class. */
@SuppressWarnings("JUnitAmbiguousTestClass") // A suite to extend, in main so that all rooms can.
public abstract class ImagesContract {
    /** For subclasses. */
    protected ImagesContract() {}

    /** The images under test, empty at first. */
    protected abstract Images images();

    /** A reference with a tag that can be pulled. */
    protected abstract String pullable();

    /** A reference whose registry answers and does not know it. */
    protected abstract String unknown();

    @Test
    void a_pulled_image_is_found_and_listed() throws Exception {
        assertThat(images().find(pullable())).isEmpty();
        var image = images().pull(pullable(), List.of());
        assertThat(image.id()).matches("sha256:[0-9a-f]{64}");
        assertThat(image.repoDigest()).matches("\\S+@sha256:[0-9a-f]{64}");
        assertThat(image.reference()).contains(":").contains("/");
        assertThat(image.sizeBytes()).isPositive();
        assertThat(images().find(pullable())).contains(image);
        assertThat(images().list()).contains(image);
    }

    @Test
    void pulling_again_finds_the_same_image() throws Exception {
        var first = images().pull(pullable(), List.of());
        assertThat(images().pull(pullable(), List.of()).id()).isEqualTo(first.id());
        assertThat(images().list()).hasSize(1);
    }

    @Test
    void an_unknown_image_is_not_found() {
        assertThatThrownBy(() -> images().pull(unknown(), List.of()))
                .asInstanceOf(InstanceOfAssertFactories.type(PullFailed.class))
                .extracting(PullFailed::why)
                .isEqualTo(PullFailed.Why.NOT_FOUND);
        assertThat(images().find(unknown())).isEmpty();
    }

    @Test
    void what_is_not_a_reference_is_an_invalid_name() {
        assertThatThrownBy(() -> images().pull("Not A Reference:::", List.of()))
                .asInstanceOf(InstanceOfAssertFactories.type(PullFailed.class))
                .extracting(PullFailed::why)
                .isEqualTo(PullFailed.Why.INVALID_NAME);
    }

    @Test
    void a_layout_is_there_until_it_is_taken_away() throws Exception {
        var image = images().pull(pullable(), List.of());
        var id = "ab".repeat(32);
        var root = images().mount(image, id);
        assertThat(root).isAbsolute();
        assertThat(images().mounted()).contains(id);
        assertThat(images().mount(image, id)).isEqualTo(root);
        images().unmount(id);
        assertThat(images().mounted()).doesNotContain(id);
        images().unmount(id);
    }

    @Test
    void a_layout_to_be_read_is_there_until_it_is_taken_away() throws Exception {
        var image = images().pull(pullable(), List.of());
        var root = images().mountReadOnly(image, "uid-1.abc", null);
        assertThat(images().mounted()).contains("uid-1.abc");
        assertThat(images().mountReadOnly(image, "uid-1.abc", null)).isEqualTo(root);
        images().unmount("uid-1.abc");
        assertThat(images().mounted()).doesNotContain("uid-1.abc");
    }

    @Test
    void two_layouts_of_one_image_are_apart() throws Exception {
        var image = images().pull(pullable(), List.of());
        var first = images().mount(image, "aa".repeat(32));
        var second = images().mount(image, "bb".repeat(32));
        assertThat(first).isNotEqualTo(second);
        images().unmount("aa".repeat(32));
        assertThat(images().mounted()).containsExactly("bb".repeat(32));
        images().unmount("bb".repeat(32));
    }
}
