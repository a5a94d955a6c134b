/**
 * The lab: a walk through EKS Fargate as a user would take it, over the real endpoints and with a
 * real kubectl, telling each step's time beside AWS's. It knows Berth only from outside.
 */
@NullMarked
package dev.berth.app.lab;

import org.jspecify.annotations.NullMarked;
