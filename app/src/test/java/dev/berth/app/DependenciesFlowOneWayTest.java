package dev.berth.app;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.conditions.ArchConditions.onlyDependOnClassesThat;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaField;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.domain.JavaPackage;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.GeneralCodingRules;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The plan of the house: which room may know which, and a few habits that a machine can check. */
class DependenciesFlowOneWayTest {
    private static final JavaClasses HOUSE =
            new ClassFileImporter()
                    .withImportOption(new ImportOption.DoNotIncludeTests())
                    .withImportOption(location -> !location.contains("-tests.jar"))
                    .importPackages("dev.berth");

    /** What every class may know: the language, and the marks for null. */
    private static final DescribedPredicate<JavaClass> LANGUAGE =
            resideInAnyPackage("java.lang..", "org.jspecify..")
                    .or(
                            describe(
                                    "primitive or array of these",
                                    type -> type.getBaseComponentType().isPrimitive()));

    @Test
    void every_room_is_seen() {
        var rooms = new TreeSet<String>();
        for (var type : HOUSE) {
            rooms.add(type.getPackageName().split("\\.", -1)[2]);
        }
        assertThat(rooms).contains("core", "port", "engine", "adapter", "edge", "app", "testkit");
    }

    /** Names of character sets are values, too. */
    @Test
    void core_knows_values_and_nothing_else() {
        room(
                "core",
                ofTypes(
                        "dev.berth.core..",
                        "java.util..",
                        "java.math..",
                        "java.time..",
                        "java.nio.charset"));
    }

    @Test
    void core_knows_neither_threads_nor_time_nor_chance() {
        check(
                noClasses()
                        .that()
                        .resideInAPackage("dev.berth.core..")
                        .should()
                        .dependOnClassesThat()
                        .belongToAnyOf(
                                Thread.class,
                                ThreadLocal.class,
                                ScopedValue.class,
                                Process.class,
                                ProcessBuilder.class,
                                Runtime.class,
                                java.util.Random.class,
                                java.util.random.RandomGenerator.class,
                                java.util.Timer.class,
                                java.time.Clock.class)
                        .orShould()
                        .dependOnClassesThat()
                        .resideInAnyPackage("java.util.concurrent..", "java.util.logging..")
                        .orShould()
                        .callMethodWhere(
                                describe(
                                        "the time, chance or the environment is asked",
                                        call ->
                                                Set.of(
                                                                        "now",
                                                                        "currentTimeMillis",
                                                                        "nanoTime",
                                                                        "randomUUID",
                                                                        "random",
                                                                        "getenv",
                                                                        "getProperty")
                                                                .contains(
                                                                        call.getTarget().getName())
                                                        && call.getTargetOwner()
                                                                .getPackageName()
                                                                .startsWith("java."))));
    }

    @Test
    void port_knows_core_and_no_library() {
        room("port", ofTypes("dev.berth.core..", "dev.berth.port..", "java.."));
    }

    @Test
    void engine_knows_core_and_port_and_neither_http_nor_libraries() {
        room(
                "engine",
                ofTypes(
                                "dev.berth.core..",
                                "dev.berth.port..",
                                "dev.berth.engine..",
                                "java..",
                                "javax.crypto..",
                                "javax.security..",
                                "org.slf4j..")
                        .and(
                                DescribedPredicate.not(
                                        resideInAnyPackage("java.net.http..", "java.rmi.."))));
    }

    @Test
    void adapters_know_core_and_port_and_not_each_other() {
        check(
                noClasses()
                        .that()
                        .resideInAPackage("dev.berth.adapter..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(
                                "dev.berth.engine..",
                                "dev.berth.edge..",
                                "dev.berth.app..",
                                "dev.berth.testkit.."));
        check(
                slices().matching("dev.berth.adapter.(*)..")
                        .should()
                        .notDependOnEachOther()
                        .ignoreDependency(
                                DescribedPredicate.alwaysTrue(),
                                resideInAnyPackage("dev.berth.adapter.libc..")));
    }

    /** Each library has one adapter; the second one to want it should ask a port instead. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "io.fabric8..",
                "io.etcd..",
                "land.oras..",
                "org.apache.commons.compress..",
                "com.github.luben..",
                "org.bouncycastle.."
            })
    void a_library_is_known_to_one_adapter(String library) {
        var knowing = new TreeSet<String>();
        for (var type : HOUSE) {
            if (type.getDirectDependenciesFromSelf().stream()
                    .anyMatch(to -> resideInAnyPackage(library).test(to.getTargetClass()))) {
                knowing.add(room(type));
            }
        }
        assertThat(knowing)
                .hasSizeLessThanOrEqualTo(1)
                .allMatch(room -> room.startsWith("adapter"));
    }

    @Test
    void edges_know_core_and_engine_and_not_each_other() {
        check(
                noClasses()
                        .that()
                        .resideInAPackage("dev.berth.edge..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(
                                "dev.berth.port..",
                                "dev.berth.adapter..",
                                "dev.berth.app..",
                                "dev.berth.testkit.."));
        check(slices().matching("dev.berth.edge.(*)..").should().notDependOnEachOther());
    }

    @Test
    void nobody_knows_app() {
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackage("dev.berth.app..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("dev.berth.app.."));
    }

    @Test
    void testkit_knows_core_and_port_and_nobody_ships_it() {
        check(
                noClasses()
                        .that()
                        .resideInAPackage("dev.berth.testkit..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAnyPackage(
                                "dev.berth.engine..",
                                "dev.berth.adapter..",
                                "dev.berth.edge..",
                                "dev.berth.app.."));
        check(
                noClasses()
                        .that()
                        .resideOutsideOfPackage("dev.berth.testkit..")
                        .should()
                        .dependOnClassesThat()
                        .resideInAPackage("dev.berth.testkit.."));
    }

    @Test
    void packages_have_no_cycles() {
        check(slices().matching("dev.berth.(**)").should().beFreeOfCycles());
    }

    @Test
    void nothing_static_changes() {
        check(
                fields().that(describe("are static and written by hand", this::isStaticByHand))
                        .should()
                        .beFinal()
                        .andShould(
                                com.tngtech.archunit.lang.conditions.ArchConditions.not(
                                        com.tngtech.archunit.lang.conditions.ArchConditions
                                                .haveRawType(
                                                        describe(
                                                                "something that changes",
                                                                this::changes)))));
    }

    private boolean isStaticByHand(JavaField field) {
        return field.getModifiers().contains(JavaModifier.STATIC)
                && !field.getModifiers().contains(JavaModifier.SYNTHETIC)
                && !field.getName().startsWith("$");
    }

    private boolean changes(JavaClass type) {
        return type.getPackageName().startsWith("java.util.concurrent.atomic")
                || type.isAssignableTo(ThreadLocal.class)
                || (type.isAssignableTo(java.util.Collection.class) && !type.isInterface())
                || (type.isAssignableTo(java.util.Map.class) && !type.isInterface())
                || type.isAssignableTo(java.util.concurrent.ConcurrentMap.class);
    }

    @Test
    void every_package_is_null_marked() {
        var unmarked = new TreeSet<String>();
        for (var type : HOUSE) {
            JavaPackage room = type.getPackage();
            if (!room.isAnnotatedWith(NullMarked.class)) {
                unmarked.add(room.getName());
            }
        }
        assertThat(unmarked).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("habits")
    void habits_hold(ArchRule habit) {
        check(habit);
    }

    static Stream<ArchRule> habits() {
        return Stream.of(
                noClasses()
                        .that()
                        .resideOutsideOfPackages(
                                "dev.berth.app..", "dev.berth.edge.cli..", "dev.berth.testkit..")
                        .should(GeneralCodingRules.ACCESS_STANDARD_STREAMS)
                        .as("nothing prints but app, edge.cli and what tests with"),
                noClasses()
                        .should(GeneralCodingRules.USE_JAVA_UTIL_LOGGING)
                        .as("logs go through SLF4J"),
                noClasses()
                        .should()
                        .dependOnClassesThat()
                        .areAssignableTo(ThreadLocal.class)
                        .as("no ThreadLocal"),
                noClasses()
                        .should()
                        .dependOnClassesThat()
                        .areAssignableTo(java.util.concurrent.CompletableFuture.class)
                        .andShould()
                        .resideInAnyPackage("dev.berth.core..", "dev.berth.engine..")
                        .as("no future chains in core and engine"));
    }

    private static DescribedPredicate<JavaClass> ofTypes(String... packages) {
        return LANGUAGE.or(resideInAnyPackage(packages));
    }

    private static void room(String name, DescribedPredicate<JavaClass> mayKnow) {
        check(
                classes()
                        .that()
                        .resideInAPackage("dev.berth." + name + "..")
                        .should(onlyDependOnClassesThat(mayKnow)));
    }

    /** {@code adapter.kube} of {@code dev.berth.adapter.kube.Anything}. */
    private static String room(JavaClass type) {
        var parts = type.getPackageName().split("\\.", -1);
        return parts.length > 3 ? parts[2] + "." + parts[3] : parts[2];
    }

    private static void check(ArchRule rule) {
        rule.check(HOUSE);
    }
}
