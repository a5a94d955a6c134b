package dev.berth.core.size;

/**
 * One of the sizes that Fargate sells.
 *
 * @param cpuMillis 250, 500, 1000, 2000, 4000, 8000 or 16000
 * @param memoryMebibytes 512 to 122880
 */
public record FargateSize(int cpuMillis, int memoryMebibytes) {}
