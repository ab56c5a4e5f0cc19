/* Reads the small JSON objects that token servers and key commands answer with; nothing else of this SDK needs it.
 *
 * C11, header-only, allocates nothing. A whole text is checked before a member is handed out (RFC 8259, at most 32 levels deep), so half an answer never
 * looks like a short one. Of members with one name the first counts.
 */
#ifndef QWEN_JSON_H
#define QWEN_JSON_H

#include <string.h>

#include "qwen/abi.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Text of member `name` of the object `json`, as it stands there: quoted when it is a string, an object that can be looked into again, `null`.
 * Borrowed from `json`. Errors: QWEN_ERR_BAD_RESPONSE (`json` is no JSON object), QWEN_ERR_NOT_FOUND. */
static inline qwen_status qwen_json_member(qwen_str json, const char *name, qwen_str *value);

/* Decodes the string `name` into `out`, which has room for `capacity` bytes; *len is what was written, without a terminating NUL.
 * Errors: as qwen_json_member; QWEN_ERR_NOT_FOUND also when the member is no string; QWEN_ERR_TOO_LARGE. */
static inline qwen_status qwen_json_text(qwen_str json, const char *name, char *out, uint32_t capacity, uint32_t *len);

/* Whole part of the number `name`, or of a string that holds one (some servers quote `expires_in`); what does not fit becomes INT64_MIN or INT64_MAX.
 * Errors: as qwen_json_member; QWEN_ERR_NOT_FOUND also when the member is no number. */
static inline qwen_status qwen_json_integer(qwen_str json, const char *name, int64_t *value);

/* ---- Below: how it is done ---------------------------------------------------------------------------------------- */

#define QWEN_JSON_MAX_DEPTH 32

typedef struct qwen_json_cursor {
    const char *at;
    const char *end;
} qwen_json_cursor;

static inline void qwen_json_skip_space(qwen_json_cursor *cursor) {
    while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t' || *cursor->at == '\n' || *cursor->at == '\r')) ++cursor->at;
}

static inline int qwen_json_take(qwen_json_cursor *cursor, char wanted) {
    if (cursor->at == cursor->end || *cursor->at != wanted) return 0;
    ++cursor->at;
    return 1;
}

static inline int qwen_json_hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Four hexadecimal digits after \u; -1: they are not there. */
static inline int32_t qwen_json_code_unit(qwen_json_cursor *cursor) {
    int32_t unit = 0;
    int i;
    for (i = 0; i < 4; ++i) {
        const int digit = cursor->at < cursor->end ? qwen_json_hex_digit(*cursor->at) : -1;
        if (digit < 0) return -1;
        unit = unit * 16 + digit;
        ++cursor->at;
    }
    return unit;
}

/* What stands behind a backslash, surrogate pairs together; -1: no escape of JSON, or half a pair. */
static inline int32_t qwen_json_escape(qwen_json_cursor *cursor) {
    static const char names[] = "\"\\/bfnrt";
    static const char meanings[] = "\"\\/\b\f\n\r\t";
    const char *name;
    int32_t first;
    int32_t second;
    if (cursor->at == cursor->end || *cursor->at == '\0') return -1;
    if (*cursor->at != 'u') {
        name = strchr(names, *cursor->at++);
        return name != NULL ? meanings[name - names] : -1;
    }
    ++cursor->at;
    first = qwen_json_code_unit(cursor);
    if (first < 0xD800 || first > 0xDFFF) return first;
    if (first > 0xDBFF || !qwen_json_take(cursor, '\\') || !qwen_json_take(cursor, 'u')) return -1;
    second = qwen_json_code_unit(cursor);
    if (second < 0xDC00 || second > 0xDFFF) return -1;
    return 0x10000 + (first - 0xD800) * 0x400 + (second - 0xDC00);
}

static inline uint32_t qwen_json_utf8(int32_t point, char bytes[4]) {
    if (point < 0x80) {
        bytes[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        bytes[0] = (char)(0xC0 | point >> 6);
        bytes[1] = (char)(0x80 | (point & 63));
        return 2;
    }
    if (point < 0x10000) {
        bytes[0] = (char)(0xE0 | point >> 12);
        bytes[1] = (char)(0x80 | (point >> 6 & 63));
        bytes[2] = (char)(0x80 | (point & 63));
        return 3;
    }
    bytes[0] = (char)(0xF0 | point >> 18);
    bytes[1] = (char)(0x80 | (point >> 12 & 63));
    bytes[2] = (char)(0x80 | (point >> 6 & 63));
    bytes[3] = (char)(0x80 | (point & 63));
    return 4;
}

/* A string, from its opening quote. `out` may be NULL: it is only checked. *len is its decoded length, also beyond `capacity`. 0: no string. */
static inline int qwen_json_string(qwen_json_cursor *cursor, char *out, uint32_t capacity, uint32_t *len) {
    char bytes[4];
    uint32_t count;
    int32_t point;
    *len = 0;
    if (!qwen_json_take(cursor, '"')) return 0;
    while (cursor->at < cursor->end && *cursor->at != '"') {
        if ((unsigned char)*cursor->at < 0x20) return 0;
        count = 1;
        bytes[0] = *cursor->at++;
        if (bytes[0] == '\\') {
            point = qwen_json_escape(cursor);
            if (point < 0) return 0;
            count = qwen_json_utf8(point, bytes);
        }
        if (out != NULL && *len <= capacity && count <= capacity - *len) memcpy(out + *len, bytes, count);
        *len += count;
    }
    return qwen_json_take(cursor, '"');
}

static inline uint32_t qwen_json_digits(qwen_json_cursor *cursor) {
    uint32_t count = 0;
    for (; cursor->at < cursor->end && *cursor->at >= '0' && *cursor->at <= '9'; ++cursor->at) ++count;
    return count;
}

static inline int qwen_json_number(qwen_json_cursor *cursor) {
    (void)qwen_json_take(cursor, '-');
    if (!qwen_json_take(cursor, '0') && qwen_json_digits(cursor) == 0) return 0;
    if (qwen_json_take(cursor, '.') && qwen_json_digits(cursor) == 0) return 0;
    if (qwen_json_take(cursor, 'e') || qwen_json_take(cursor, 'E')) {
        if (!qwen_json_take(cursor, '+')) (void)qwen_json_take(cursor, '-');
        if (qwen_json_digits(cursor) == 0) return 0;
    }
    return 1;
}

static inline int qwen_json_word(qwen_json_cursor *cursor, const char *word) {
    const size_t size = strlen(word);
    if ((size_t)(cursor->end - cursor->at) < size || memcmp(cursor->at, word, size) != 0) return 0;
    cursor->at += size;
    return 1;
}

static inline int qwen_json_skip_value(qwen_json_cursor *cursor, int depth);

/* What stands between the brackets, after the opening one. `is_object`: each value has a name before it. */
static inline int qwen_json_skip_elements(qwen_json_cursor *cursor, int depth, int is_object) {
    const char closing = is_object ? '}' : ']';
    uint32_t ignored;
    qwen_json_skip_space(cursor);
    if (qwen_json_take(cursor, closing)) return 1;
    do {
        qwen_json_skip_space(cursor);
        if (is_object) {
            if (!qwen_json_string(cursor, NULL, 0, &ignored)) return 0;
            qwen_json_skip_space(cursor);
            if (!qwen_json_take(cursor, ':')) return 0;
        }
        if (!qwen_json_skip_value(cursor, depth)) return 0;
        qwen_json_skip_space(cursor);
    } while (qwen_json_take(cursor, ','));
    return qwen_json_take(cursor, closing);
}

static inline int qwen_json_skip_value(qwen_json_cursor *cursor, int depth) {
    uint32_t ignored;
    qwen_json_skip_space(cursor);
    if (cursor->at == cursor->end || depth == 0) return 0;
    switch (*cursor->at) {
        case '"': return qwen_json_string(cursor, NULL, 0, &ignored);
        case '{': ++cursor->at; return qwen_json_skip_elements(cursor, depth - 1, 1);
        case '[': ++cursor->at; return qwen_json_skip_elements(cursor, depth - 1, 0);
        case 't': return qwen_json_word(cursor, "true");
        case 'f': return qwen_json_word(cursor, "false");
        case 'n': return qwen_json_word(cursor, "null");
        default: return qwen_json_number(cursor);
    }
}

static inline int qwen_json_is_object(qwen_str json) {
    qwen_json_cursor cursor = {json.data, json.data};
    if (json.len == 0) return 0;
    cursor.end = json.data + json.len;
    qwen_json_skip_space(&cursor);
    if (cursor.at == cursor.end || *cursor.at != '{' || !qwen_json_skip_value(&cursor, QWEN_JSON_MAX_DEPTH)) return 0;
    qwen_json_skip_space(&cursor);
    return cursor.at == cursor.end;
}

static inline qwen_status qwen_json_member(qwen_str json, const char *name, qwen_str *value) {
    char found[64];
    uint32_t len;
    qwen_json_cursor cursor = {json.data, json.data};
    if (!qwen_json_is_object(json)) return QWEN_ERR_BAD_RESPONSE;
    cursor.end = json.data + json.len;
    qwen_json_skip_space(&cursor);
    ++cursor.at;
    qwen_json_skip_space(&cursor);
    while (*cursor.at == '"') {
        (void)qwen_json_string(&cursor, found, sizeof found, &len);
        qwen_json_skip_space(&cursor);
        ++cursor.at; /* the colon */
        qwen_json_skip_space(&cursor);
        value->data = cursor.at;
        (void)qwen_json_skip_value(&cursor, QWEN_JSON_MAX_DEPTH);
        if (len <= sizeof found && len == strlen(name) && memcmp(found, name, len) == 0) {
            value->len = (uint32_t)(cursor.at - value->data);
            value->flags = json.flags;
            return QWEN_OK;
        }
        qwen_json_skip_space(&cursor);
        ++cursor.at; /* the comma, or the end */
        qwen_json_skip_space(&cursor);
        if (cursor.at >= cursor.end) break;
    }
    value->data = NULL;
    value->len = 0;
    return QWEN_ERR_NOT_FOUND;
}

static inline qwen_status qwen_json_text(qwen_str json, const char *name, char *out, uint32_t capacity, uint32_t *len) {
    qwen_str value;
    qwen_json_cursor cursor;
    const qwen_status status = qwen_json_member(json, name, &value);
    *len = 0;
    if (status != QWEN_OK) return status;
    cursor.at = value.data;
    cursor.end = value.data + value.len;
    if (!qwen_json_string(&cursor, out, capacity, len)) return QWEN_ERR_NOT_FOUND;
    if (*len <= capacity) return QWEN_OK;
    *len = 0;
    return QWEN_ERR_TOO_LARGE;
}

/* 10 * value + digit, at most `most`. */
static inline uint64_t qwen_json_shifted(uint64_t value, unsigned digit, uint64_t most) { return value > (most - digit) / 10 ? most : value * 10 + digit; }

static inline qwen_status qwen_json_integer(qwen_str json, const char *name, int64_t *value) {
    qwen_str text;
    qwen_json_cursor cursor;
    const char *at;
    uint64_t whole = 0;
    uint64_t most;
    int is_negative;
    const qwen_status status = qwen_json_member(json, name, &text);
    *value = 0;
    if (status != QWEN_OK) return status;
    if (*text.data == '"') {
        ++text.data;
        text.len -= 2;
    }
    cursor.at = text.data;
    cursor.end = text.data + text.len;
    /* Nobody writes seconds or epoch times with an exponent; taking 1e3 for 1 would be worse than refusing it. */
    if (!qwen_json_number(&cursor) || cursor.at != cursor.end || memchr(text.data, 'e', text.len) != NULL || memchr(text.data, 'E', text.len) != NULL) {
        return QWEN_ERR_NOT_FOUND;
    }
    is_negative = *text.data == '-';
    most = (uint64_t)INT64_MAX + (is_negative ? 1 : 0);
    for (at = text.data + is_negative; at < cursor.end && *at != '.'; ++at) whole = qwen_json_shifted(whole, (unsigned)(*at - '0'), most);
    if (is_negative) {
        *value = whole == most ? INT64_MIN : -(int64_t)whole;
    } else {
        *value = (int64_t)whole;
    }
    return QWEN_OK;
}

#ifdef __cplusplus
}
#endif

#endif
