#include "core/system/digest.hpp"

#include <doctest/doctest.h>

using namespace qwen::system;

TEST_SUITE("core/system/digest") {
    TEST_CASE("SHA-256 gives the values of FIPS 180-4") {
        CHECK(hex(sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        CHECK(hex(sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        CHECK(hex(sha256(std::string(1'000'000, 'a'))) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
    }

    TEST_CASE("HMAC-SHA-256 gives the values of RFC 4231") {
        CHECK(hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")) == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        CHECK(hex(hmac_sha256("Jefe", "what do ya want for nothing?")) ==
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        CHECK(hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")) ==
              "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    TEST_CASE("base64url has no padding and the URL-safe letters (RFC 4648)") {
        CHECK(base64url("") == "");
        CHECK(base64url("f") == "Zg");
        CHECK(base64url("fo") == "Zm8");
        CHECK(base64url("foo") == "Zm9v");
        CHECK(base64url("foobar") == "Zm9vYmFy");
        CHECK(base64url("\xfb\xff\xfe") == "-__-");
    }

    TEST_CASE("the challenge of RFC 7636 appendix B comes out") {
        const Sha256Digest digest = sha256("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        CHECK(base64url({reinterpret_cast<const char*>(digest.data()), digest.size()}) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
    }
}
