package dev.berth.engine.account;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.berth.core.fault.AwsFault;
import dev.berth.core.fault.Refused;
import dev.berth.core.identity.Principal;
import dev.berth.core.identity.TrustPolicy;
import dev.berth.core.identity.TrustPolicy.Statement;
import dev.berth.engine.account.signature.KeyRing;
import dev.berth.testkit.FakeStore;
import dev.berth.testkit.FakeTime;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class RolesAndSessionsTest {
    private static final String ACCOUNT = "111122223333";
    private static final String CLUSTER_POLICY = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy";
    private static final String DEPLOYER = "arn:aws:iam::111122223333:role/deployer";

    private final FakeStore store = new FakeStore();
    private final FakeTime time = new FakeTime();
    private final SecureRandom random = new SecureRandom();
    private final Roles roles = new Roles(store, time, random, ACCOUNT);
    private final Credentials credentials = credentials();

    @Test
    void the_root_key_is_made_once_and_never_the_same_for_two_accounts() {
        KeyRing.Key root = credentials.root();
        assertThat(root.accessKeyId()).startsWith("AKIA").hasSize(20);
        assertThat(root.secret()).hasSize(40);
        assertThat(root.principal().arn()).isEqualTo("arn:aws:iam::111122223333:root");
        assertThat(root.toString()).doesNotContain(root.secret());

        var again = new Credentials(store, time, random);
        again.start("999999999999");
        assertThat(again.root()).isEqualTo(root);
        assertThat(again.accountId()).isEqualTo(ACCOUNT);

        var other = new Credentials(new FakeStore(), time, random);
        other.start(ACCOUNT);
        assertThat(other.root().secret()).isNotEqualTo(root.secret());
    }

    @Test
    void two_first_starts_agree_on_one_key() {
        var racing = new FakeStore();
        racing.failNext(FakeStore.Call.PUT, FakeStore.Fault.CONFLICT);
        var one = new Credentials(racing, time, random);
        one.start(ACCOUNT);
        var two = new Credentials(racing, time, random);
        two.start(ACCOUNT);
        assertThat(two.root()).isEqualTo(one.root());
    }

    @Test
    void names_are_unique_whatever_their_case() throws Refused {
        roles.create(wanted("Deployer", trusting("*")));
        assertThat(fault(() -> roles.create(wanted("deployer", trusting("*")))))
                .isEqualTo(
                        new AwsFault(
                                "EntityAlreadyExists",
                                409,
                                "Role with name deployer already exists."));
    }

    @Test
    void a_role_is_found_by_its_whole_arn_only() throws Refused {
        RoleRecord role =
                roles.create(
                        new Roles.Wanted(
                                "n", "/a/b/", "{}", trusting("*"), null, 3600, null, Map.of()));
        assertThat(role.arn()).isEqualTo("arn:aws:iam::111122223333:role/a/b/n");
        assertThat(roles.role(role.arn())).isPresent();
        assertThat(roles.role("arn:aws:iam::111122223333:role/n")).isEmpty();
        assertThat(roles.role("arn:aws:iam::222222222222:role/a/b/n")).isEmpty();
        assertThat(roles.list("/a/")).containsExactly(role);
        assertThat(roles.list("/b/")).isEmpty();
    }

    @Test
    void policies_are_attached_once_and_keep_a_role_from_deletion() throws Refused {
        roles.create(wanted("deployer", trusting("*")));
        roles.attach("deployer", CLUSTER_POLICY);
        roles.attach("deployer", CLUSTER_POLICY);
        assertThat(roles.role(DEPLOYER).orElseThrow().attachedPolicyArns())
                .containsExactly(CLUSTER_POLICY);
        assertThat(roles.attachments(CLUSTER_POLICY)).isEqualTo(1);
        assertThat(fault(() -> roles.delete("deployer")).code()).isEqualTo("DeleteConflict");

        roles.detach("deployer", CLUSTER_POLICY);
        assertThat(fault(() -> roles.detach("deployer", CLUSTER_POLICY)))
                .isEqualTo(
                        new AwsFault(
                                "NoSuchEntity",
                                404,
                                "Policy " + CLUSTER_POLICY + " was not found."));
        roles.delete("deployer");
        assertThat(fault(() -> roles.get("deployer")).message())
                .isEqualTo("The role with name deployer cannot be found.");
    }

    @Test
    void an_unknown_policy_is_not_attachable() throws Refused {
        roles.create(wanted("deployer", trusting("*")));
        String arn = "arn:aws:iam::aws:policy/Nope";
        assertThat(fault(() -> roles.attach("deployer", arn)))
                .isEqualTo(
                        new AwsFault(
                                "NoSuchEntity",
                                404,
                                "Policy " + arn + " does not exist or is not attachable."));
    }

    @Test
    void writers_who_meet_take_turns() throws Exception {
        roles.create(wanted("deployer", trusting("*")));
        store.failNext(FakeStore.Call.PUT, FakeStore.Fault.CONFLICT);
        roles.tag("deployer", Map.of("a", "1"));
        roles.tag("deployer", Map.of("b", "2"));
        roles.untag("deployer", List.of("a", "absent"));
        assertThat(roles.get("deployer").tags()).isEqualTo(Map.of("b", "2"));
    }

    @Test
    void a_session_works_after_a_restart_and_ends_on_time() throws Refused {
        roles.create(wanted("deployer", trusting(ACCOUNT)));
        KeyRing.Key key =
                credentials.assume(
                        credentials.root().principal(), wish(Duration.ofMinutes(15)), roles);
        assertThat(key.accessKeyId()).startsWith("ASIA").hasSize(20);
        assertThat(key.principal().arn())
                .isEqualTo("arn:aws:sts::111122223333:assumed-role/deployer/me");
        assertThat(key.principal().userId()).isEqualTo(roles.get("deployer").id() + ":me");
        assertThat(key.expiresAt()).isEqualTo(time.now().plusSeconds(900));

        assertThat(credentials().key(key.accessKeyId())).contains(key);
        assertThat(credentials().key("ASIA0000000000000000")).isEmpty();
        assertThat(credentials().key("../../x")).isEmpty();
    }

    @Test
    void ended_sessions_are_swept_up() throws Refused {
        roles.create(wanted("deployer", trusting(ACCOUNT)));
        Principal root = credentials.root().principal();
        KeyRing.Key old = credentials.assume(root, wish(null), roles);
        time.advance(Duration.ofMinutes(119));
        credentials.assume(root, wish(null), roles);
        assertThat(credentials().key(old.accessKeyId())).isPresent();
        time.advance(Duration.ofMinutes(20));
        credentials.assume(root, wish(null), roles);
        assertThat(credentials().key(old.accessKeyId())).isEmpty();
        assertThat(credentials.key(old.accessKeyId())).isEmpty();
    }

    @Test
    void who_is_not_trusted_hears_the_same_as_for_a_role_that_is_not_there() throws Refused {
        Principal root = credentials.root().principal();
        AwsFault absent = fault(() -> credentials.assume(root, wish(null), roles));
        roles.create(wanted("deployer", trusting("222222222222")));
        assertThat(fault(() -> credentials.assume(root, wish(null), roles)))
                .isEqualTo(absent)
                .isEqualTo(
                        new AwsFault(
                                "AccessDenied",
                                403,
                                "User: arn:aws:iam::111122223333:root is not authorized to perform:"
                                        + " sts:AssumeRole on resource: "
                                        + DEPLOYER));
    }

    @Test
    void sessions_are_no_longer_than_the_role_and_chaining_allow() throws Refused {
        roles.create(wanted("deployer", trusting(ACCOUNT)));
        Principal root = credentials.root().principal();
        assertThat(
                        fault(() -> credentials.assume(root, wish(Duration.ofHours(2)), roles))
                                .message())
                .isEqualTo(
                        "The requested DurationSeconds exceeds the MaxSessionDuration set for this"
                                + " role.");
        roles.change("deployer", role -> role.described(null, 43_200));
        KeyRing.Key twoHours = credentials.assume(root, wish(Duration.ofHours(2)), roles);
        assertThat(
                        fault(() ->
                                        credentials.assume(
                                                twoHours.principal(),
                                                wish(Duration.ofHours(2)),
                                                roles))
                                .code())
                .isEqualTo("ValidationError");
        credentials.assume(twoHours.principal(), wish(null), roles);
    }

    @Test
    void the_built_in_policies_have_ids_of_their_own() {
        assertThat(ManagedPolicy.all())
                .extracting(ManagedPolicy::id)
                .doesNotHaveDuplicates()
                .allMatch(id -> id.matches("ANPA[0-9A-Z]{17}"));
    }

    private Credentials credentials() {
        var made = new Credentials(store, time, random);
        made.start(ACCOUNT);
        return made;
    }

    private static Credentials.Wish wish(@Nullable Duration duration) {
        return new Credentials.Wish(DEPLOYER, "me", duration, null);
    }

    private static Roles.Wanted wanted(String name, TrustPolicy trust) {
        return new Roles.Wanted(name, "/", "{}", trust, null, 3600, null, Map.of());
    }

    private static TrustPolicy trusting(String principal) {
        return new TrustPolicy(
                List.of(
                        new Statement(
                                true,
                                List.of("sts:AssumeRole"),
                                List.of(),
                                List.of(principal),
                                List.of(),
                                List.of(),
                                List.of(),
                                List.of())));
    }

    private static AwsFault fault(ThrowingCallable call) {
        var caught = new Refused[1];
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(Refused.class, refused -> caught[0] = refused);
        return caught[0].fault();
    }
}
