package dev.berth.adapter.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A program for Linux of some 200 bytes that waits until it is killed. As number 1 of a process
 * namespace it keeps that alive, and by ignoring SIGCHLD it lets what others leave behind go. There
 * is no compiler on users' machines, and nothing else that is small enough to be run once for each
 * pod whose containers share their processes.
 */
final class WaitingProgram {
    private static final long ADDRESS = 0x400000;
    private static final int HEADERS = 64 + 56;

    /** SIG_IGN, no flags, no restorer, no mask: what rt_sigaction is given. */
    private static final long[] IGNORE = {1, 0, 0, 0};

    private WaitingProgram() {}

    /**
     * The file's bytes.
     *
     * @param architecture as Java names it: {@code amd64} or {@code aarch64}
     * @throws IOException for any other
     */
    static byte[] of(String architecture) throws IOException {
        return switch (architecture) {
            case "amd64", "x86_64" -> file(62, amd64());
            case "aarch64" -> file(183, aarch64());
            default ->
                    throw new IOException(
                            "no process namespaces for whole pods on " + architecture);
        };
    }

    private static byte[] amd64() {
        return new byte[] {
            (byte) 0xbf,
            17,
            0,
            0,
            0, // mov edi, SIGCHLD
            0x48,
            (byte) 0x8d,
            0x35,
            0x1b,
            0,
            0,
            0, // lea rsi, [end of code]
            0x31,
            (byte) 0xd2, // xor edx, edx
            0x41,
            (byte) 0xba,
            8,
            0,
            0,
            0, // mov r10d, 8
            (byte) 0xb8,
            13,
            0,
            0,
            0, // mov eax, rt_sigaction
            0x0f,
            0x05, // syscall
            (byte) 0xb8,
            34,
            0,
            0,
            0, // again: mov eax, pause
            0x0f,
            0x05, // syscall
            (byte) 0xeb,
            (byte) 0xf7, // jmp again
            0,
            0,
            0
        };
    }

    private static byte[] aarch64() {
        int[] words = {
            0xd2800220, // mov x0, SIGCHLD
            0x100001c1, // adr x1, end of code
            0xd2800002, // mov x2, 0
            0xd2800103, // mov x3, 8
            0xd28010c8, // mov x8, rt_sigaction
            0xd4000001, // svc 0
            0xd2800000, // again: mov x0, 0
            0xd2800001, // mov x1, 0
            0xd2800002, // mov x2, 0
            0xd2800003, // mov x3, 0
            0xd2800004, // mov x4, 0
            0xd2800928, // mov x8, ppoll
            0xd4000001, // svc 0
            0x17fffff9, // b again
            0xd503201f, // nop
        };
        var code = ByteBuffer.allocate(words.length * 4).order(ByteOrder.LITTLE_ENDIAN);
        for (var word : words) {
            code.putInt(word);
        }
        return code.array();
    }

    private static byte[] file(int machine, byte[] code) {
        var size = HEADERS + code.length + IGNORE.length * 8;
        var file = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        file.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1, 0}).putLong(0);
        file.putShort((short) 2).putShort((short) machine).putInt(1);
        file.putLong(ADDRESS + HEADERS).putLong(64).putLong(0);
        file.putInt(0).putShort((short) 64).putShort((short) 56).putShort((short) 1);
        file.putShort((short) 0).putShort((short) 0).putShort((short) 0);
        // One segment, the whole file, to be read and run.
        file.putInt(1).putInt(5).putLong(0).putLong(ADDRESS).putLong(ADDRESS);
        file.putLong(size).putLong(size).putLong(0x1000);
        file.put(code);
        for (var word : IGNORE) {
            file.putLong(word);
        }
        return file.array();
    }
}
