package dev.berth.edge.aws.model;

import dev.berth.edge.aws.model.Shape.ErrorTrait;
import dev.berth.edge.aws.model.Shape.Structure;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One AWS service as its model describes it. */
public final class ServiceModel {
    private static final Structure NOTHING =
            new Structure("Nothing", Map.of(), List.of(), null, null);

    private final String service;
    private final Map<String, String> metadata;
    private final Map<String, OperationModel> operations;
    private final Set<String> otherOperations;
    private final Map<String, Shape> shapes;
    private final Map<String, Structure> errors = new HashMap<>();

    ServiceModel(
            String service,
            Map<String, String> metadata,
            Map<String, OperationModel> operations,
            Set<String> otherOperations,
            Map<String, Shape> shapes) {
        this.service = service;
        this.metadata = Map.copyOf(metadata);
        this.operations = Map.copyOf(operations);
        this.otherOperations = Set.copyOf(otherOperations);
        this.shapes = Map.copyOf(shapes);
        for (Shape shape : shapes.values()) {
            if (shape instanceof Structure structure) {
                ErrorTrait error = structure.error();
                if (error != null) {
                    errors.put(error.code(), structure);
                    errors.putIfAbsent(structure.name(), structure);
                }
            }
        }
    }

    /** The signing name, such as {@code eks}. */
    public String service() {
        return service;
    }

    /** {@code rest-json}, {@code json}, {@code query} or {@code ec2}. */
    public String protocol() {
        return metadata("protocol");
    }

    /** A required entry of the metadata, such as {@code apiVersion}. */
    public String metadata(String key) {
        String value = metadata.get(key);
        if (value == null) {
            throw new IllegalStateException(service + " has no " + key);
        }
        return value;
    }

    /** The operations that are described, by name. */
    public Map<String, OperationModel> operations() {
        return operations;
    }

    /** Whether AWS has an operation of this name that our copy does not describe. */
    public boolean knowsElsewhere(String operation) {
        return otherOperations.contains(operation);
    }

    /** The shapes by name. */
    public Map<String, Shape> shapes() {
        return shapes;
    }

    /** The shape of a member. */
    public Shape shapeOf(Member member) {
        return shape(member.shape());
    }

    /** A structure by name; null means one without members. */
    public Structure structure(@Nullable String name) {
        return name == null ? NOTHING : (Structure) shape(name);
    }

    /** The error structure with this code, or null when the model has none. */
    public @Nullable Structure error(String code) {
        return errors.get(code);
    }

    private Shape shape(String name) {
        Shape shape = shapes.get(name);
        if (shape == null) {
            throw new IllegalStateException(service + " has no shape " + name);
        }
        return shape;
    }
}
