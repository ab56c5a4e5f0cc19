/* SHA-256 (FIPS 180-4) and HMAC (RFC 2104) for the test alone, of at most 4 KiB; the provider uses the host's. */
#ifndef SIGNING_C_TEST_SHA256_H
#define SIGNING_C_TEST_SHA256_H

#include <stdint.h>
#include <string.h>

static const uint32_t sha256_start[8] = {
    0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
static const uint32_t sha256_rounds[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotated(uint32_t word, unsigned bits) { return word >> bits | word << (32 - bits); }

static void add_block(uint32_t hash[8], const uint8_t *block) {
    uint32_t w[64];
    uint32_t v[8];
    int i;
    for (i = 0; i < 16; ++i) {
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 | (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    }
    for (i = 16; i < 64; ++i) {
        const uint32_t s0 = rotated(w[i - 15], 7) ^ rotated(w[i - 15], 18) ^ w[i - 15] >> 3;
        const uint32_t s1 = rotated(w[i - 2], 17) ^ rotated(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + s0 + w[i - 7] + s1;
    }
    memcpy(v, hash, sizeof v);
    for (i = 0; i < 64; ++i) {
        const uint32_t t1 = v[7] + (rotated(v[4], 6) ^ rotated(v[4], 11) ^ rotated(v[4], 25)) + ((v[4] & v[5]) ^ (~v[4] & v[6])) + sha256_rounds[i] + w[i];
        const uint32_t t2 = (rotated(v[0], 2) ^ rotated(v[0], 13) ^ rotated(v[0], 22)) + ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
        memmove(v + 1, v, 7 * sizeof v[0]);
        v[4] += t1;
        v[0] = t1 + t2;
    }
    for (i = 0; i < 8; ++i) hash[i] += v[i];
}

static void sha256(const void *bytes, uint32_t len, uint8_t out[32]) {
    uint8_t padded[4096 + 128] = {0};
    uint32_t hash[8];
    uint32_t size = (len + 9 + 63) / 64 * 64;
    uint32_t i;
    memcpy(hash, sha256_start, sizeof hash);
    if (len > 0) memcpy(padded, bytes, len);
    padded[len] = 0x80;
    for (i = 0; i < 4; ++i) padded[size - 1 - i] = (uint8_t)(len * 8 >> 8 * i);
    for (i = 0; i < size; i += 64) add_block(hash, padded + i);
    for (i = 0; i < 32; ++i) out[i] = (uint8_t)(hash[i / 4] >> (24 - 8 * (i % 4)));
}

/* Keys of at most 64 bytes. */
static void hmac_sha256(const void *key, uint32_t key_len, const void *bytes, uint32_t len, uint8_t out[32]) {
    uint8_t inner[4096] = {0};
    uint8_t outer[64 + 32] = {0};
    int i;
    memcpy(inner, key, key_len);
    memcpy(outer, key, key_len);
    for (i = 0; i < 64; ++i) {
        inner[i] ^= 0x36;
        outer[i] ^= 0x5c;
    }
    memcpy(inner + 64, bytes, len);
    sha256(inner, 64 + len, outer + 64);
    sha256(outer, sizeof outer, out);
}

#endif
