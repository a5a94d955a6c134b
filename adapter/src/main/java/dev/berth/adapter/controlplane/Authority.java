package dev.berth.adapter.controlplane;

import java.io.IOException;
import java.math.BigInteger;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Signature;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A certificate authority in a folder: {@code NAME.crt} and {@code NAME.key}, and what it has
 * issued beside it. Keys are ECDSA P-256: made in a millisecond, where RSA takes a noticeable part
 * of a second.
 */
final class Authority {
    private static final String ECDSA_WITH_SHA256 = "1.2.840.10045.4.3.2";
    private static final String COMMON_NAME = "2.5.4.3";
    private static final String ORGANIZATION = "2.5.4.10";
    private static final String SUBJECT_KEY = "2.5.29.14";
    private static final String KEY_USAGE = "2.5.29.15";
    private static final String ALTERNATIVE_NAMES = "2.5.29.17";
    private static final String BASIC_CONSTRAINTS = "2.5.29.19";
    private static final String AUTHORITY_KEY = "2.5.29.35";
    private static final String EXTENDED_KEY_USAGE = "2.5.29.37";

    /** An uncompressed point of P-256: a mark and two coordinates. */
    private static final int POINT_BYTES = 65;

    private static final int SERIAL_BITS = 120;

    /** How long an authority lives; our choice. */
    private static final Duration AUTHORITY_LIFE = Duration.ofDays(3650);

    /** How long what it issues lives; our choice. */
    private static final Duration LEAF_LIFE = Duration.ofDays(365);

    /** What has less left than this is issued anew at the next start. */
    private static final Duration LEAF_LEFT_MIN = Duration.ofDays(90);

    /** Clocks of other machines may be behind ours by so much. */
    private static final Duration CLOCK_SKEW = Duration.ofMinutes(5);

    private final Path folder;
    private final String certificatePem;
    private final X509Certificate certificate;
    private final PrivateKey key;
    private final Instant now;

    private Authority(
            Path folder,
            String certificatePem,
            X509Certificate certificate,
            PrivateKey key,
            Instant now) {
        this.folder = folder;
        this.certificatePem = certificatePem;
        this.certificate = certificate;
        this.key = key;
        this.now = now;
    }

    /** What a certificate is for. */
    enum Use {
        SERVER,
        CLIENT;

        private String purpose() {
            return switch (this) {
                case SERVER -> "1.3.6.1.5.5.7.3.1";
                case CLIENT -> "1.3.6.1.5.5.7.3.2";
            };
        }
    }

    /**
     * Whom a certificate names.
     *
     * @param commonName the user, for Kubernetes
     * @param organization the group, for Kubernetes, or null
     * @param names host names and IPv4 addresses
     * @param use server or client
     */
    record Subject(
            String commonName, @Nullable String organization, Collection<String> names, Use use) {
        static Subject client(String commonName, @Nullable String organization) {
            return new Subject(commonName, organization, List.of(), Use.CLIENT);
        }

        static Subject server(String commonName, Collection<String> names) {
            return new Subject(commonName, null, names, Use.SERVER);
        }
    }

    /** The authority in a folder; made when it is not there. */
    static Authority open(Path folder, String name, String commonName, Instant now)
            throws IOException, GeneralSecurityException {
        var crt = folder.resolve(name + ".crt");
        var keyFile = folder.resolve(name + ".key");
        // The certificate is written last, so where it is, its key is.
        if (!Files.exists(crt)) {
            var pair = newKey();
            var subject = name(null, commonName);
            var built =
                    certificate(
                            subject,
                            subject,
                            pair.getPublic(),
                            now,
                            now.plus(AUTHORITY_LIFE),
                            List.of(
                                    extension(BASIC_CONSTRAINTS, true, Der.sequence(Der.yes())),
                                    extension(
                                            KEY_USAGE, true, Der.bits(1, new byte[] {(byte) 0x86})),
                                    extension(
                                            SUBJECT_KEY,
                                            false,
                                            Der.octets(keyId(pair.getPublic())))),
                            pair.getPrivate());
            Pem.write(keyFile, Pem.of("PRIVATE KEY", pair.getPrivate().getEncoded()));
            Pem.write(crt, Pem.of("CERTIFICATE", built));
        }
        var pem = Files.readString(crt);
        return new Authority(
                folder, pem, Pem.certificate(pem), Pem.key(Files.readString(keyFile)), now);
    }

    /** Its own certificate. */
    String certificatePem() {
        return certificatePem;
    }

    /**
     * A certificate and key under a name in the folder; issued when there is none, when it ends
     * soon, or when the names in it have to be others.
     */
    Identity issue(String name, Subject subject) throws IOException, GeneralSecurityException {
        var crt = folder.resolve(name + ".crt");
        var keyFile = folder.resolve(name + ".key");
        if (!Files.exists(crt) || !good(Pem.certificate(Files.readString(crt)), subject)) {
            var pair = newKey();
            var built = leaf(subject, pair.getPublic());
            Files.deleteIfExists(crt);
            Pem.write(keyFile, Pem.of("PRIVATE KEY", pair.getPrivate().getEncoded()));
            Pem.write(crt, Pem.of("CERTIFICATE", built));
        }
        return new Identity(Files.readString(crt), Files.readString(keyFile));
    }

    /** A certificate that is written nowhere, in DER. */
    byte[] sign(Subject subject, PublicKey publicKey) throws GeneralSecurityException {
        return leaf(subject, publicKey);
    }

    /** Deletes what was issued under a name. */
    void forget(String name) throws IOException {
        Files.deleteIfExists(folder.resolve(name + ".crt"));
        Files.deleteIfExists(folder.resolve(name + ".key"));
    }

    /** A pair of keys without a certificate: {@code NAME.key} and {@code NAME.pub}. */
    static void keyPair(Path folder, String name) throws IOException, GeneralSecurityException {
        var publicFile = folder.resolve(name + ".pub");
        if (!Files.exists(publicFile)) {
            var pair = newKey();
            Pem.write(
                    folder.resolve(name + ".key"),
                    Pem.of("PRIVATE KEY", pair.getPrivate().getEncoded()));
            Pem.write(publicFile, Pem.of("PUBLIC KEY", pair.getPublic().getEncoded()));
        }
    }

    private boolean good(X509Certificate leaf, Subject subject) throws GeneralSecurityException {
        return leaf.getNotAfter().toInstant().isAfter(now.plus(LEAF_LEFT_MIN))
                && leaf.getIssuerX500Principal().equals(certificate.getSubjectX500Principal())
                && namesOf(leaf).equals(new TreeSet<>(subject.names()));
    }

    private static Set<String> namesOf(X509Certificate leaf) throws GeneralSecurityException {
        var names = new TreeSet<String>();
        var alternatives = leaf.getSubjectAlternativeNames();
        if (alternatives != null) {
            alternatives.forEach(name -> names.add(String.valueOf(name.get(1))));
        }
        return names;
    }

    private byte[] leaf(Subject subject, PublicKey publicKey) throws GeneralSecurityException {
        var extensions = new ArrayList<byte[]>();
        extensions.add(extension(BASIC_CONSTRAINTS, true, Der.sequence()));
        extensions.add(extension(KEY_USAGE, true, Der.bits(7, new byte[] {(byte) 0x80})));
        extensions.add(
                extension(
                        EXTENDED_KEY_USAGE, false, Der.sequence(Der.oid(subject.use().purpose()))));
        extensions.add(
                extension(
                        AUTHORITY_KEY,
                        false,
                        Der.sequence(Der.implicit(0, keyId(certificate.getPublicKey())))));
        if (!subject.names().isEmpty()) {
            var names =
                    subject.names().stream().map(Authority::alternativeName).toArray(byte[][]::new);
            extensions.add(extension(ALTERNATIVE_NAMES, false, Der.sequence(names)));
        }
        return certificate(
                certificate.getSubjectX500Principal().getEncoded(),
                name(subject.organization(), subject.commonName()),
                publicKey,
                now,
                now.plus(LEAF_LIFE),
                extensions,
                key);
    }

    /** An X.509 certificate, version 3. Source: RFC 5280 §4.1 */
    private static byte[] certificate(
            byte[] issuer,
            byte[] subject,
            PublicKey publicKey,
            Instant now,
            Instant until,
            List<byte[]> extensions,
            PrivateKey signer)
            throws GeneralSecurityException {
        var algorithm = Der.sequence(Der.oid(ECDSA_WITH_SHA256));
        var serial = new BigInteger(SERIAL_BITS, new SecureRandom()).add(BigInteger.ONE);
        var body =
                Der.sequence(
                        Der.explicit(0, Der.integer(BigInteger.TWO)),
                        Der.integer(serial),
                        algorithm,
                        issuer,
                        Der.sequence(Der.time(now.minus(CLOCK_SKEW)), Der.time(until)),
                        subject,
                        publicKey.getEncoded(),
                        Der.explicit(3, Der.sequence(extensions.toArray(byte[][]::new))));
        var signature = Signature.getInstance("SHA256withECDSA");
        signature.initSign(signer);
        signature.update(body);
        return Der.sequence(body, algorithm, Der.bits(0, signature.sign()));
    }

    private static byte[] extension(String oid, boolean critical, byte[] value) {
        return critical
                ? Der.sequence(Der.oid(oid), Der.yes(), Der.octets(value))
                : Der.sequence(Der.oid(oid), Der.octets(value));
    }

    private static byte[] name(@Nullable String organization, String commonName) {
        var common = Der.set(Der.sequence(Der.oid(COMMON_NAME), Der.text(commonName)));
        return organization == null
                ? Der.sequence(common)
                : Der.sequence(
                        Der.set(Der.sequence(Der.oid(ORGANIZATION), Der.text(organization))),
                        common);
    }

    private static byte[] alternativeName(String name) {
        if (name.matches("[0-9]+(\\.[0-9]+){3}")) {
            return Der.implicit(7, InetAddress.ofLiteral(name).getAddress());
        }
        return Der.implicit(2, name.getBytes(StandardCharsets.US_ASCII));
    }

    /** What authorities and their certificates know a key by: SHA-1 of its point. */
    private static byte[] keyId(PublicKey key) throws GeneralSecurityException {
        var encoded = key.getEncoded();
        return MessageDigest.getInstance("SHA-1")
                .digest(Arrays.copyOfRange(encoded, encoded.length - POINT_BYTES, encoded.length));
    }

    static KeyPair newKey() throws GeneralSecurityException {
        var generator = KeyPairGenerator.getInstance("EC");
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        return generator.generateKeyPair();
    }
}
