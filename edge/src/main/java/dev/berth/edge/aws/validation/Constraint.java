package dev.berth.edge.aws.validation;

/** A kind of constraint that a model puts on a member. */
enum Constraint {
    /** It must be there. */
    REQUIRED,
    /** Its length, size or value is within bounds. */
    BOUNDS,
    /** It matches a regular expression. */
    PATTERN,
    /** It is one of a set of values. */
    ENUM
}
