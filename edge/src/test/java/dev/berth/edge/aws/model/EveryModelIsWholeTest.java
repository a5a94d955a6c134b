package dev.berth.edge.aws.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.berth.edge.aws.model.Shape.Listing;
import dev.berth.edge.aws.model.Shape.Mapping;
import dev.berth.edge.aws.model.Shape.Scalar;
import dev.berth.edge.aws.model.Shape.Structure;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EveryModelIsWholeTest {
    private final ModelReader reader = new ModelReader();

    @ParameterizedTest
    @ValueSource(strings = {"ec2", "eks", "iam", "sts", "logs"})
    void every_name_leads_to_a_shape_and_every_pattern_compiles(String service) {
        ServiceModel model = reader.read(service);
        for (Shape shape : model.shapes().values()) {
            switch (shape) {
                case Structure structure -> {
                    structure.members().values().forEach(model::shapeOf);
                    assertThat(structure.members().keySet()).containsAll(structure.required());
                }
                case Listing list -> model.shapeOf(list.element());
                case Mapping map -> {
                    model.shapeOf(map.key());
                    model.shapeOf(map.value());
                }
                case Scalar scalar -> {
                    String pattern = scalar.pattern();
                    if (pattern != null) {
                        Pattern.compile(pattern);
                    }
                }
            }
        }
        for (OperationModel operation : model.operations().values()) {
            model.structure(operation.input());
            model.structure(operation.output());
            for (String error : operation.errors()) {
                assertThat(model.structure(error).error()).as(error).isNotNull();
            }
        }
    }

    @Test
    void errors_are_known_by_the_code_on_the_wire() {
        ServiceModel iam = reader.read("iam");
        assertThat(iam.error("NoSuchEntity")).isSameAs(iam.error("NoSuchEntityException"));
        assertThat(reader.read("eks").error("ResourceInUseException")).isNotNull();
    }

    @Test
    void what_aws_has_and_we_have_not_is_remembered_by_name() {
        assertThat(reader.read("ec2").knowsElsewhere("RunInstances")).isTrue();
        assertThat(reader.read("ec2").knowsElsewhere("RunInstance")).isFalse();
    }
}
