#include "core/auth/origin_grants.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

using namespace qwen;
using namespace qwen::auth;
namespace fs = std::filesystem;

namespace {

/// A home of its own and the grants in it.
struct Scene {
    Scene() {
        char pattern[] = "/tmp/qwen-grants-XXXXXX";
        directory = ::mkdtemp(pattern);
    }
    ~Scene() { fs::remove_all(directory); }
    [[nodiscard]] OriginGrants grants() const { return {PrivateFile(OriginGrants::place_in(directory, ::geteuid()), {}), random}; }
    [[nodiscard]] std::string text() const {
        std::stringstream content;
        content << std::ifstream(directory / "trusted_origins").rdbuf();
        return content.str();
    }

    fs::path directory;
    system::SystemRandom random;
};

Origin origin(std::string_view url) { return Url::parse(url)->origin(); }

}  // namespace

TEST_SUITE("core/auth/origin_grants") {

TEST_CASE("a grant is for one key and one origin") {
    const Scene scene;
    const Secret key("sk-one-0123456789");
    CHECK_FALSE(*scene.grants().contains(origin("https://a.example"), key));
    REQUIRE(scene.grants().add(origin("https://a.example"), key, {}));
    CHECK(*scene.grants().contains(origin("https://a.example/v1"), key));
    for (const char* other : {"https://a.example:444", "http://a.example", "https://b.a.example", "https://b.example"}) CHECK_FALSE(*scene.grants().contains(origin(other), key));
    CHECK_FALSE(*scene.grants().contains(origin("https://a.example"), Secret("sk-two-0123456789")));
}

TEST_CASE("the file is private and holds nothing of the key; two homes do not show that they hold the same one") {
    const Scene one;
    const Scene two;
    const Secret key("sk-one-0123456789");
    for (const auto* scene : {&one, &two}) REQUIRE(scene->grants().add(origin("https://a.example"), key, {}));
    struct stat facts {};
    REQUIRE(::stat((one.directory / "trusted_origins").c_str(), &facts) == 0);
    CHECK((facts.st_mode & 0777) == 0600);
    CHECK(one.text().find("6789") == std::string::npos);
    CHECK(one.grants().list()->front().fingerprint != two.grants().list()->front().fingerprint);
}

TEST_CASE("granting twice is one row, taking back takes it from every key") {
    const Scene scene;
    for (const char* key : {"sk-one-0123456789", "sk-one-0123456789", "sk-two-0123456789"}) REQUIRE(scene.grants().add(origin("https://a.example"), Secret(key), {}));
    CHECK(scene.grants().list()->size() == 2);
    CHECK(*scene.grants().remove(origin("https://b.example"), {}) == 0);
    CHECK(*scene.grants().remove(origin("https://a.example"), {}) == 2);
    CHECK(scene.grants().list()->empty());
}

TEST_CASE("a file that is not understood grants nothing and is left as it is") {
    for (const char* content : {"", "{}", "[]", R"({"version":2,"salt":"00","grants":[]})", R"({"version":1,"salt":"","grants":[]})", R"({"version":1,"salt":"00","grants":[{"origin":1,"key":"x"}]})"}) {
        CAPTURE(content);
        const Scene scene;
        std::ofstream(scene.directory / "trusted_origins") << content;
        fs::permissions(scene.directory / "trusted_origins", fs::perms::owner_read | fs::perms::owner_write);
        const Secret key("sk-one-0123456789");
        const auto held = scene.grants().contains(origin("https://a.example"), key);
        REQUIRE_FALSE(held);
        CHECK(held.error().code == ErrorCode::credential_store_refused);
        CHECK_FALSE(scene.grants().add(origin("https://a.example"), key, {}));
        CHECK(scene.text() == content);
    }
}

}
