package dev.berth.core.admission;

import static dev.berth.core.profile.ProfileBuilder.aProfile;
import static org.assertj.core.api.Assertions.assertThat;
import static org.quicktheories.QuickTheory.qt;
import static org.quicktheories.generators.SourceDSL.integers;

import dev.berth.core.admission.Admission.Claimed;
import dev.berth.core.admission.Admission.Reason;
import dev.berth.core.admission.Admission.Untouched;
import dev.berth.core.golden.Golden;
import dev.berth.core.profile.FargateProfile;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AdmissionTest {
    private static final List<FargateProfile> PROFILES =
            List.of(aProfile("fp-default").selecting("default").build());

    /** What the webhook is sent for a bare pod: the Priority plugin ran before. */
    private static final CreatedPod BARE =
            new CreatedPod(
                    "default",
                    null,
                    Map.of(),
                    "default-scheduler",
                    null,
                    null,
                    0,
                    "PreemptLowerPriority");

    @Test
    @DisplayName("§1.2 scheduler, label, priority class and priority are set, and nothing else")
    void a_matching_pod_is_claimed() {
        assertThat(Admission.decide(BARE, PROFILES)).isInstanceOf(Claimed.class);
        Golden.check("admission/bare-pod.patch", lines(BARE));
    }

    @Test
    @DisplayName("§1.2 a pod with labels keeps them; the new key is escaped in the pointer")
    void labels_are_kept() {
        var pod = with(BARE, Map.of("compute-type", "fargate"), BARE.annotations());

        Golden.check("admission/labelled-pod.patch", lines(pod));
    }

    @Test
    @DisplayName("§1.2 a user's priority class is replaced, with its preemption policy")
    void a_priority_class_of_the_users_is_replaced() {
        var pod = new CreatedPod("default", Map.of(), Map.of(), null, "", "mine", 1000, "Never");

        Golden.check("admission/own-priority-class.patch", lines(pod));
    }

    @Test
    @DisplayName("§1.3 compute-type: ec2 keeps a pod off Fargate even if a profile matches")
    void ec2_is_not_claimed() {
        assertThat(
                        Admission.decide(
                                with(BARE, null, Map.of(Admission.COMPUTE_TYPE_ANNOTATION, "ec2")),
                                PROFILES))
                .isEqualTo(new Untouched(Reason.WANTS_EC2));
    }

    @ParameterizedTest
    @ValueSource(strings = {"fargate", "", "EC2"})
    @DisplayName("§1.3 any other compute-type makes the pod eligible")
    void another_compute_type_is_claimed(String computeType) {
        assertThat(
                        Admission.decide(
                                with(
                                        BARE,
                                        null,
                                        Map.of(Admission.COMPUTE_TYPE_ANNOTATION, computeType)),
                                PROFILES))
                .isInstanceOf(Claimed.class);
    }

    @Test
    @DisplayName("§1.3 a pod that names its node is skipped")
    void a_pod_with_a_node_is_skipped() {
        var pod =
                new CreatedPod(
                        "default", null, Map.of(), "default-scheduler", "node-1", null, 0, null);

        assertThat(Admission.decide(pod, PROFILES)).isEqualTo(new Untouched(Reason.HAS_NODE));
    }

    @Test
    @DisplayName("§1.3 a pod that names a scheduler of its own is skipped")
    void a_pod_with_another_scheduler_is_skipped() {
        var pod = new CreatedPod("default", null, Map.of(), "my-scheduler", null, null, 0, null);

        assertThat(Admission.decide(pod, PROFILES))
                .isEqualTo(new Untouched(Reason.HAS_OTHER_SCHEDULER));
    }

    @Test
    @DisplayName("§1.3 fargate-scheduler set by hand without a matching profile is not claimed")
    void the_fargate_scheduler_by_hand_is_not_enough() {
        var pod = new CreatedPod("other", null, Map.of(), "fargate-scheduler", null, null, 0, null);

        assertThat(Admission.decide(pod, PROFILES)).isEqualTo(new Untouched(Reason.NO_PROFILE));
    }

    @Test
    @DisplayName("§1.3 a profile named by label with no matching selector: not claimed")
    void a_named_profile_that_does_not_match_claims_nothing() {
        var pod = with(BARE, Map.of("eks.amazonaws.com/fargate-profile", "absent"), Map.of());

        assertThat(Admission.decide(pod, PROFILES)).isEqualTo(new Untouched(Reason.NO_PROFILE));
    }

    @Test
    @DisplayName("§2.4 the annotation form of the profile label is a slip of the documentation")
    void the_annotation_form_is_not_heard() {
        var pod = with(BARE, null, Map.of("eks.amazonaws.com/fargate-profile", "absent"));

        assertThat(Admission.decide(pod, PROFILES)).isInstanceOf(Claimed.class);
    }

    @Test
    @DisplayName("§2.4 the pod of two profiles gets the label of the first by name")
    void the_label_names_the_winner() {
        var profiles =
                List.of(aProfile("prod-workload").build(), aProfile("beta-workload").build());

        assertThat(Admission.decide(BARE, profiles))
                .isInstanceOfSatisfying(
                        Claimed.class,
                        claimed -> assertThat(claimed.profileName()).isEqualTo("beta-workload"));
    }

    @Test
    void patch_after_patch_changes_nothing() {
        qt().forAll(
                        integers().between(0, 2),
                        integers().between(0, 2),
                        integers().between(0, 3),
                        integers().between(0, 3))
                .checkAssert((labels, scheduler, priority, policy) -> {
                    var pod =
                            new CreatedPod(
                                    "default",
                                    List.of(
                                                    new HashMap<String, String>(),
                                                    new HashMap<>(Map.of("a/~b", "c")),
                                                    new HashMap<>(
                                                            Map.of(
                                                                    "eks.amazonaws.com/fargate-profile",
                                                                    "fp-default")))
                                            .get(labels),
                                    Map.of(),
                                    new String[] {null, "default-scheduler", "fargate-scheduler"}
                                            [scheduler],
                                    null,
                                    new String[] {null, "", "mine", "system-node-critical"}
                                            [priority],
                                    new Integer[] {null, 0, 5, 2_000_001_000}[priority],
                                    new String[] {null, "Never", "PreemptLowerPriority", ""}
                                            [policy]);
                    var once = patched(pod);
                    assertThat(Admission.decide(once, PROFILES))
                            .isEqualTo(new Claimed("fp-default", List.of()));
                });
        assertThat(Admission.decide(patched(BARE), PROFILES))
                .isEqualTo(new Claimed("fp-default", List.of()));
    }

    @Test
    void a_pointer_escapes_tilde_and_slash() {
        assertThat(
                        new PatchOperation(
                                        List.of("metadata", "labels", "a/b~c~1"),
                                        new PatchOperation.Value.Text(""))
                                .pointer())
                .isEqualTo("/metadata/labels/a~1b~0c~01");
    }

    private static CreatedPod with(
            CreatedPod pod, @Nullable Map<String, String> labels, Map<String, String> annotations) {
        return new CreatedPod(
                pod.namespace(),
                labels,
                annotations,
                pod.schedulerName(),
                pod.nodeName(),
                pod.priorityClassName(),
                pod.priority(),
                pod.preemptionPolicy());
    }

    private static List<PatchOperation> patchOf(CreatedPod pod) {
        assertThat(Admission.decide(pod, PROFILES)).isInstanceOf(Claimed.class);
        return ((Claimed) Admission.decide(pod, PROFILES)).patch();
    }

    private static String lines(CreatedPod pod) {
        var lines = new StringBuilder();
        for (var operation : patchOf(pod)) {
            lines.append("add ").append(operation.pointer()).append(' ');
            lines.append(
                            switch (operation.value()) {
                                case PatchOperation.Value.Text(var text) -> '"' + text + '"';
                                case PatchOperation.Value.Number(var number) -> number;
                                case PatchOperation.Value.Texts(var members) -> members;
                            })
                    .append('\n');
        }
        return lines.toString();
    }

    private static CreatedPod patched(CreatedPod pod) {
        var labels = pod.labels() == null ? null : new HashMap<>(pod.labels());
        var scheduler = pod.schedulerName();
        var priorityClass = pod.priorityClassName();
        var priority = pod.priority();
        var policy = pod.preemptionPolicy();
        for (var operation : patchOf(pod)) {
            switch (operation.value()) {
                case PatchOperation.Value.Texts(var members) -> labels = new HashMap<>(members);
                case PatchOperation.Value.Number(var number) -> priority = number;
                case PatchOperation.Value.Text(var text) -> {
                    switch (operation.path().getLast()) {
                        case "schedulerName" -> scheduler = text;
                        case "priorityClassName" -> priorityClass = text;
                        case "preemptionPolicy" -> policy = text;
                        default -> labels.put(operation.path().getLast(), text);
                    }
                }
            }
        }
        return new CreatedPod(
                pod.namespace(),
                labels,
                pod.annotations(),
                scheduler,
                pod.nodeName(),
                priorityClass,
                priority,
                policy);
    }
}
