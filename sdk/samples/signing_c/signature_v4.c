#include "signature_v4.h"

#include <string.h>

struct parameter {
    uint32_t begin; /* of the name, in the buffer of encoded text */
    uint32_t name_len;
    uint32_t len; /* of "name=value" */
};

static qwen_str text(const char *data) { return (qwen_str){data, (uint32_t)strlen(data), 0}; }

static void append(struct buffer *out, const char *bytes, uint32_t count) {
    if (out->is_full || count > sizeof out->data - out->len) {
        out->is_full = 1;
        return;
    }
    if (count > 0) memcpy(out->data + out->len, bytes, count);
    out->len += count;
}

static void append_text(struct buffer *out, qwen_str value) { append(out, value.data, value.len); }
static void append_words(struct buffer *out, const char *words) { append(out, words, (uint32_t)strlen(words)); }
static qwen_str all_of(const struct buffer *buffer) { return (qwen_str){buffer->data, buffer->len, 0}; }
static qwen_str of_digest(const uint8_t digest[32]) { return (qwen_str){(const char *)digest, 32, 0}; }

static void append_hex(struct buffer *out, const uint8_t digest[32]) {
    static const char hex[] = "0123456789abcdef";
    int i;
    for (i = 0; i < 32; ++i) {
        const char pair[2] = {hex[digest[i] >> 4], hex[digest[i] & 15]};
        append(out, pair, 2);
    }
}

/* `also` may stay as it is besides the unreserved characters of RFC 3986. */
static void append_encoded_byte(struct buffer *out, char c, char also) {
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char hex[] = "0123456789ABCDEF";
    const unsigned char byte = (unsigned char)c;
    const char escaped[3] = {'%', hex[byte >> 4], hex[byte & 15]};
    if (memchr(unreserved, byte, sizeof unreserved - 1) != NULL || (also != '\0' && c == also)) {
        append(out, &c, 1);
    } else {
        append(out, escaped, 3);
    }
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Encoded in one way, however it is sent. */
static void append_canonical(struct buffer *out, qwen_str part) {
    uint32_t i;
    for (i = 0; i < part.len; ++i) {
        const int is_escape = part.data[i] == '%' && i + 2 < part.len && hex_value(part.data[i + 1]) >= 0 && hex_value(part.data[i + 2]) >= 0;
        append_encoded_byte(out, is_escape ? (char)(hex_value(part.data[i + 1]) * 16 + hex_value(part.data[i + 2])) : part.data[i], '\0');
        if (is_escape) i += 2;
    }
}

static int compare(const char *one, uint32_t one_len, const char *other, uint32_t other_len) {
    const uint32_t both = one_len < other_len ? one_len : other_len;
    const int order = both > 0 ? memcmp(one, other, both) : 0;
    return order != 0 ? order : one_len < other_len ? -1 : one_len > other_len;
}

/* By name, then by value. */
static int goes_before(const char *encoded, const struct parameter *one, const struct parameter *other) {
    const char *a = encoded + one->begin;
    const char *b = encoded + other->begin;
    const int by_name = compare(a, one->name_len, b, other->name_len);
    if (by_name != 0) return by_name < 0;
    return compare(a + one->name_len, one->len - one->name_len, b + other->name_len, other->len - other->name_len) < 0;
}

static int append_canonical_query(struct buffer *out, qwen_str query) {
    struct buffer encoded = {.len = 0};
    struct parameter sorted[SIGNATURE_MAX_PARAMETERS];
    uint32_t count = 0;
    uint32_t at = 0;
    uint32_t i;
    while (at < query.len) {
        const char *end = memchr(query.data + at, '&', query.len - at);
        const qwen_str whole = {query.data + at, end != NULL ? (uint32_t)(end - query.data) - at : query.len - at, 0};
        const char *equals = whole.len > 0 ? memchr(whole.data, '=', whole.len) : NULL;
        const uint32_t name_len = equals != NULL ? (uint32_t)(equals - whole.data) : whole.len;
        struct parameter next = {encoded.len, 0, 0};
        at += whole.len + 1;
        if (whole.len == 0) continue;
        if (count == SIGNATURE_MAX_PARAMETERS) return 0;
        append_canonical(&encoded, (qwen_str){whole.data, name_len, 0});
        next.name_len = encoded.len - next.begin;
        append(&encoded, "=", 1);
        if (equals != NULL) append_canonical(&encoded, (qwen_str){equals + 1, whole.len - name_len - 1, 0});
        next.len = encoded.len - next.begin;
        for (i = count++; i > 0 && goes_before(encoded.data, &next, &sorted[i - 1]); --i) sorted[i] = sorted[i - 1];
        sorted[i] = next;
    }
    for (i = 0; i < count; ++i) {
        if (i > 0) append(out, "&", 1);
        append(out, encoded.data + sorted[i].begin, sorted[i].len);
    }
    return !encoded.is_full;
}

static void sort_headers(struct signed_request *request) {
    uint32_t i;
    uint32_t j;
    for (i = 1; i < request->header_count; ++i) {
        const qwen_kv header = request->headers[i];
        for (j = i; j > 0 && compare(header.key.data, header.key.len, request->headers[j - 1].key.data, request->headers[j - 1].key.len) < 0; --j) {
            request->headers[j] = request->headers[j - 1];
        }
        request->headers[j] = header;
    }
}

static void append_names(struct buffer *out, const struct signed_request *request) {
    uint32_t i;
    for (i = 0; i < request->header_count; ++i) {
        if (i > 0) append(out, ";", 1);
        append_text(out, request->headers[i].key);
    }
}

/* Without spaces around it, and with one where there were several. */
static void append_canonical_value(struct buffer *out, qwen_str value) {
    uint32_t i;
    int has_begun = 0;
    int is_space_due = 0;
    for (i = 0; i < value.len; ++i) {
        if (value.data[i] == ' ') {
            is_space_due = has_begun;
            continue;
        }
        if (is_space_due) append(out, " ", 1);
        append(out, value.data + i, 1);
        has_begun = 1;
        is_space_due = 0;
    }
}

static int append_canonical_request(struct buffer *out, const struct signed_request *request) {
    uint32_t i;
    append_text(out, request->method);
    append(out, "\n", 1);
    /* The path as it is sent is encoded once more; only S3 does without. */
    for (i = 0; i < request->path.len; ++i) append_encoded_byte(out, request->path.data[i], '/');
    append(out, "\n", 1);
    if (!append_canonical_query(out, request->query)) return 0;
    append(out, "\n", 1);
    for (i = 0; i < request->header_count; ++i) {
        append_text(out, request->headers[i].key);
        append(out, ":", 1);
        append_canonical_value(out, request->headers[i].value);
        append(out, "\n", 1);
    }
    append(out, "\n", 1);
    append_names(out, request);
    append(out, "\n", 1);
    append_hex(out, request->body_sha256);
    return !out->is_full;
}

static void append_place(struct buffer *out, const struct scope *scope) {
    append(out, scope->time.data, 8);
    append(out, "/", 1);
    append_text(out, scope->region);
    append(out, "/", 1);
    append_text(out, scope->service);
    append_words(out, "/aws4_request");
}

static int derive_key(const struct digests *digests, const struct scope *scope, uint8_t key[32]) {
    const qwen_str parts[] = {scope->region, scope->service, text("aws4_request")};
    struct buffer start = {.len = 0};
    int i;
    append_words(&start, "AWS4");
    append_text(&start, scope->secret);
    digests->hmac_sha256(digests->context, all_of(&start), (qwen_str){scope->time.data, 8, 0}, key);
    explicit_bzero(&start, sizeof start);
    for (i = 0; i < 3; ++i) {
        uint8_t next[32];
        digests->hmac_sha256(digests->context, of_digest(key), parts[i], next);
        memcpy(key, next, sizeof next);
    }
    return scope->secret.len <= sizeof start.data - 4;
}

int append_authorization(struct buffer *out, const struct digests *digests, const struct scope *scope, struct signed_request *request) {
    struct buffer canonical = {.len = 0};
    struct buffer to_sign = {.len = 0};
    uint8_t digest[32];
    uint8_t key[32];
    if (scope->time.len != 16) return 0;
    sort_headers(request);
    if (!append_canonical_request(&canonical, request)) return 0;
    digests->sha256(digests->context, all_of(&canonical), digest);
    append_words(&to_sign, "AWS4-HMAC-SHA256\n");
    append_text(&to_sign, scope->time);
    append(&to_sign, "\n", 1);
    append_place(&to_sign, scope);
    append(&to_sign, "\n", 1);
    append_hex(&to_sign, digest);
    if (to_sign.is_full || !derive_key(digests, scope, key)) return 0;
    digests->hmac_sha256(digests->context, of_digest(key), all_of(&to_sign), digest);
    explicit_bzero(key, sizeof key);
    append_words(out, "AWS4-HMAC-SHA256 Credential=");
    append_text(out, scope->access_key_id);
    append(out, "/", 1);
    append_place(out, scope);
    append_words(out, ", SignedHeaders=");
    append_names(out, request);
    append_words(out, ", Signature=");
    append_hex(out, digest);
    return !out->is_full;
}

static void put_digits(char *out, int64_t number, int width) {
    for (; width > 0; --width, number /= 10) out[width - 1] = (char)('0' + number % 10);
}

void basic_time(int64_t utc_ms, char out[16]) {
    const int64_t seconds = utc_ms > 0 ? utc_ms / 1000 : 0;
    /* Days to a date of the Gregorian calendar, counted in years that begin in March. */
    const int64_t days = seconds / 86400 + 719468;
    const int64_t day_of_era = days % 146097;
    const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int64_t shifted_month = (5 * day_of_year + 2) / 153;
    const int64_t month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
    put_digits(out, days / 146097 * 400 + year_of_era + (month <= 2), 4);
    put_digits(out + 4, month, 2);
    put_digits(out + 6, day_of_year - (153 * shifted_month + 2) / 5 + 1, 2);
    out[8] = 'T';
    put_digits(out + 9, seconds % 86400 / 3600, 2);
    put_digits(out + 11, seconds / 60 % 60, 2);
    put_digits(out + 13, seconds % 60, 2);
    out[15] = 'Z';
}
