#include "core/system/minisign.hpp"

#include <doctest/doctest.h>

using namespace qwen;
using namespace qwen::system;

namespace {

// Made by minisign 0.11 over "the plugin"; the secret key is lost.
constexpr std::string_view kKey = "RWTJxU8jGIYREdqwxorQEZisE6q9GpJHY2nLR5kNjsTpxyTwdkKYQRus";
constexpr std::string_view kOfDigest =
    "untrusted comment: signature from minisign secret key\n"
    "RUTJxU8jGIYREbtEU0T1mJWTcqKkttjo6YjB+tlBE8rqxvxTazKZ661cD1AdOCRQGPJup9gqPQ8c2cQgu85QzvpBPAbeV0htkAg=\n"
    "trusted comment: version 1\n"
    "rsSzROOjejdUipKoT3rELPSoocRdEEfvZRJxpq1uzgAhwkDzonmWVH230hQMyBgvENTEiHqtURUz0nKMK+UUDQ==\n";
constexpr std::string_view kOfContent =
    "untrusted comment: signature from minisign secret key\n"
    "RWTJxU8jGIYRERDYYpnrX5hz4pvVjfgXYSJaDc0PHBt6YSz1NqlCx5GyoyldXMLF9b0fklV3YkCb1X2u9/alocE4SloqjlxADAU=\n"
    "trusted comment: version 1\n"
    "funexGPdgveUnKYmMMENzNmQRcaibzuGy/rmhzoNUMm2PdY1BT/3PmOG4pkd3XdSC2BfG/LUB0f+EYp3wG2NDQ==\n";

Result<MinisignSigner> verify(std::string_view content, std::string_view signature) {
    const MinisignKey keys[] = {parse_minisign_key(kKey).value()};
    return verify_minisign(content, signature, keys);
}

}  // namespace

TEST_SUITE("core/system/minisign") {
    TEST_CASE("both forms of minisign's signatures are verified, and name key and comment") {
        for (const auto signature : {kOfDigest, kOfContent}) {
            const auto signer = verify("the plugin", signature).value();
            CHECK(signer.key == "11118618234FC5C9");
            CHECK(signer.comment == "version 1");
        }
    }

    TEST_CASE("any bit that differs ends the trust: in the content, the signature or its comment") {
        CHECK_FALSE(verify("the plugim", kOfDigest));
        CHECK_FALSE(verify("", kOfContent));
        for (const auto signature : {kOfDigest, kOfContent}) {
            // The first comment is the one nobody signed.
            const std::size_t begin = signature.find('\n') + 1;
            for (std::size_t at = begin; at < signature.size(); ++at) {
                CAPTURE(at);
                std::string altered(signature);
                altered[at] = altered[at] == 'A' ? 'B' : 'A';
                CHECK_FALSE(verify("the plugin", altered));
            }
        }
    }

    TEST_CASE("what is cut short or has more is no signature, and what is no key is no key") {
        for (std::size_t size = 0; size + 1 < kOfDigest.size(); ++size) CHECK_FALSE(verify("the plugin", kOfDigest.substr(0, size)));
        CHECK_FALSE(verify("the plugin", std::string(kOfDigest) + "more"));
        for (const std::string_view text : {"", "RW", "RWQ", "not base64 at all", "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB"}) CHECK_FALSE(parse_minisign_key(text));
        CHECK_FALSE(verify_minisign("the plugin", kOfDigest, {}));
    }
}
