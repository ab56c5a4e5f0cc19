/* The published test vectors of AWS Signature Version 4 (aws-sig-v4-test-suite), by their names there. Those about dot segments and repeated headers
 * are left out: the host sends neither. */
#include "signature_v4.h"

#include <stdio.h>
#include <string.h>

#include "sha256.h"

#define UNRESERVED "-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static const struct vector {
    const char *name;
    const char *method;
    const char *path;
    const char *query;
    const char *headers[2][2]; /* besides host and x-amz-date */
    const char *body;
    const char *signature;
} vectors[] = {
    {"get-vanilla", "GET", "/", "", {{NULL, NULL}}, "",
     "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
    {"get-vanilla-empty-query-key", "GET", "/", "Param1=value1", {{NULL, NULL}}, "",
     "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
    {"get-vanilla-query-order-key", "GET", "/", "Param1=value2&Param1=Value1", {{NULL, NULL}}, "",
     "eedbc4e291e521cf13422ffca22be7d2eb8146eecf653089df300a15b2382bd1"},
    {"get-vanilla-query-order-key-case", "GET", "/", "Param2=value2&Param1=value1", {{NULL, NULL}}, "",
     "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
    {"get-vanilla-query-order-value", "GET", "/", "Param1=value2&Param1=value1", {{NULL, NULL}}, "",
     "5772eed61e12b33fae39ee5e7012498b51d56abc0abb7c60486157bd471c4694"},
    {"get-vanilla-query-unreserved", "GET", "/", UNRESERVED "=" UNRESERVED, {{NULL, NULL}}, "",
     "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"},
    {"get-vanilla-query-order-encoded", "GET", "/", "Param-3=Value3&Param=Value2&%E1%88%B4=Value1", {{NULL, NULL}}, "",
     "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"},
    {"get-vanilla-utf8-query", "GET", "/", "ሴ=bar", {{NULL, NULL}}, "",
     "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"},
    {"get-unreserved", "GET", "/" UNRESERVED, "", {{NULL, NULL}}, "",
     "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"},
    {"get-utf8", "GET", "/ሴ", "", {{NULL, NULL}}, "",
     "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
    {"get-space", "GET", "/example space/", "", {{NULL, NULL}}, "",
     "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
    {"get-header-value-trim", "GET", "/", "", {{"my-header1", " value1"}, {"my-header2", " \"a   b   c\""}}, "",
     "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
    {"get-vanilla-with-session-token", "GET", "/", "", {{"x-amz-security-token", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267"}}, "",
     "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"},
    {"post-vanilla", "POST", "/", "", {{NULL, NULL}}, "",
     "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
    {"post-vanilla-query", "POST", "/", "Param1=value1", {{NULL, NULL}}, "",
     "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
    {"post-header-key-sort", "POST", "/", "", {{"my-header1", "value1"}}, "",
     "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"},
    {"post-header-value-case", "POST", "/", "", {{"my-header1", "VALUE1"}}, "",
     "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"},
    {"post-x-www-form-urlencoded", "POST", "/", "", {{"content-type", "application/x-www-form-urlencoded"}}, "Param1=value1",
     "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
    {"post-x-www-form-urlencoded-parameters", "POST", "/", "", {{"content-type", "application/x-www-form-urlencoded; charset=utf8"}}, "Param1=value1",
     "1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe"},
};

static int failures = 0;

static qwen_str text(const char *data) { return (qwen_str){data, (uint32_t)strlen(data), 0}; }

static void own_sha256(const void *context, qwen_str bytes, uint8_t out[32]) {
    (void)context;
    sha256(bytes.data, bytes.len, out);
}

static void own_hmac_sha256(const void *context, qwen_str key, qwen_str bytes, uint8_t out[32]) {
    (void)context;
    hmac_sha256(key.data, key.len, bytes.data, bytes.len, out);
}

static void check(const struct vector *vector) {
    static const char beginning[] = "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, ";
    const struct digests digests = {own_sha256, own_hmac_sha256, NULL};
    const struct scope scope = {text("AKIDEXAMPLE"), text("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), text("us-east-1"), text("service"), text("20150830T123600Z")};
    struct signed_request request = {.method = text(vector->method), .path = text(vector->path), .query = text(vector->query)};
    struct buffer header = {.len = 0};
    int i;
    request.headers[request.header_count++] = (qwen_kv){text("x-amz-date"), scope.time};
    request.headers[request.header_count++] = (qwen_kv){text("host"), text("example.amazonaws.com")};
    for (i = 0; i < 2 && vector->headers[i][0] != NULL; ++i) {
        request.headers[request.header_count++] = (qwen_kv){text(vector->headers[i][0]), text(vector->headers[i][1])};
    }
    sha256(vector->body, (uint32_t)strlen(vector->body), request.body_sha256);
    if (append_authorization(&header, &digests, &scope, &request) && memcmp(header.data, beginning, sizeof beginning - 1) == 0 && header.len > 64 &&
        memcmp(header.data + header.len - 64, vector->signature, 64) == 0) {
        return;
    }
    fprintf(stderr, "%s: found %.*s\n", vector->name, (int)header.len, header.data);
    ++failures;
}

static void check_time(int64_t utc_ms, const char *wanted) {
    char found[16];
    basic_time(utc_ms, found);
    if (memcmp(found, wanted, sizeof found) == 0) return;
    fprintf(stderr, "%s: found %.16s\n", wanted, found);
    ++failures;
}

int main(void) {
    size_t i;
    for (i = 0; i < sizeof vectors / sizeof vectors[0]; ++i) check(&vectors[i]);
    check_time(1440938160000, "20150830T123600Z");
    check_time(1709251199999, "20240229T235959Z");
    check_time(0, "19700101T000000Z");
    printf("%zu vectors, %d failures\n", sizeof vectors / sizeof vectors[0], failures);
    return failures == 0 ? 0 : 1;
}
