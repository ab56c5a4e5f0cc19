#include "core/auth/oauth_cache.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/temporary_directory.hpp"

using namespace qwen;
using namespace qwen::auth;
using qwen::tests::read_text;
using qwen::tests::write_text;

namespace {

// What Qwen Code writes at a login, byte for byte in its form.
constexpr std::string_view kTheirLogin = R"({
  "access_token": "at-1",
  "refresh_token": "rt-1",
  "token_type": "Bearer",
  "resource_url": "portal.qwen.ai",
  "expiry_date": 1765000000000
})";

constexpr std::string_view kKey = OAuthCacheStore::kKey;

struct Cache {
    explicit Cache(unsigned owner = ::geteuid()) : store(PrivateFile(OAuthCacheStore::place_in(home, owner), notice_sink()), clock) {}

    Notice notice_sink() {
        return [this](std::string_view text) { notices += std::string(text) + '\n'; };
    }
    std::vector<std::string> files() const {
        std::vector<std::string> names;
        for (const auto& entry : std::filesystem::directory_iterator(home)) names.push_back(entry.path().filename());
        std::sort(names.begin(), names.end());
        return names;
    }
    void write(std::string_view text, mode_t mode = 0600) {
        std::filesystem::create_directory(home);
        ::chmod(home.c_str(), 0700);
        write_text(file, text);
        ::chmod(file.c_str(), mode);
    }

    tests::TemporaryDirectory directory;
    std::filesystem::path home = directory / ".qwen";
    std::filesystem::path file = home / "oauth_creds.json";
    tests::FakeClock clock;
    std::string notices;
    OAuthCacheStore store;
};

mode_t mode_of(const std::filesystem::path& path) {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777;
}

}  // namespace

TEST_SUITE("core/auth/oauth_cache") {
    TEST_CASE("a sign-in made by Qwen Code is used as it is") {
        Cache cache;
        cache.write(kTheirLogin);

        const auto stored = cache.store.get(kKey);

        REQUIRE(stored);
        REQUIRE(stored->has_value());
        CHECK((*stored)->value.reveal() == kTheirLogin);
        CHECK((*stored)->expires_at == UtcTime(std::chrono::milliseconds(1765000000000)));
        CHECK((*stored)->revision != 0);
        CHECK((*stored)->stored_at.has_value());
        CHECK(cache.notices.empty());
    }

    TEST_CASE("nobody has signed in yet") {
        Cache cache;
        CHECK_FALSE(cache.store.get(kKey).value().has_value());
        CHECK_FALSE(cache.store.get("another key").value().has_value());
        CHECK_FALSE(std::filesystem::exists(cache.home));
    }

    TEST_CASE("a login is written in the bytes of Qwen Code, private from the first moment") {
        Cache cache;
        const mode_t old_mask = ::umask(0);
        const Secret value{
            R"({"expiry_date":1,"token_type":"Bearer","access_token":"at-1","resource_url":"portal.qwen.ai","refresh_token":"rt-1"})"};

        const auto revision = cache.store.put_if(kKey, value, UtcTime(std::chrono::milliseconds(1765000000000)), 0);

        ::umask(old_mask);
        REQUIRE(revision);
        REQUIRE(revision->has_value());
        CHECK(read_text(cache.file) == kTheirLogin);
        CHECK(mode_of(cache.file) == 0600);
        CHECK(mode_of(cache.home) == 0700);
        CHECK(cache.store.get(kKey).value()->revision == **revision);
        CHECK(cache.files() == std::vector<std::string>{"locks", "oauth_creds.json"});
    }

    TEST_CASE("a renewed sign-in has the key order of Qwen Code's refresh and keeps what only the other program knows") {
        Cache cache;
        cache.write(
            R"({"access_token":"at-1","refresh_token":"rt-1","token_type":"Bearer","resource_url":"old","expiry_date":1,"their_key":{"a":[1]}})");
        const auto revision = cache.store.get(kKey).value()->revision;

        const auto saved = cache.store.put_if(kKey, Secret{R"({"access_token":"at-2","refresh_token":"rt-2","token_type":"Bearer"})"},
                                              UtcTime(std::chrono::milliseconds(2)), revision);

        REQUIRE(saved);
        REQUIRE(saved->has_value());
        CHECK(**saved != revision);
        CHECK(read_text(cache.file) == R"({
  "access_token": "at-2",
  "token_type": "Bearer",
  "refresh_token": "rt-2",
  "expiry_date": 2,
  "their_key": {
    "a": [
      1
    ]
  }
})");
    }

    TEST_CASE("whoever writes second is told so") {
        Cache cache;
        cache.write(kTheirLogin);
        const auto old_revision = cache.store.get(kKey).value()->revision;
        REQUIRE(cache.store.put_if(kKey, Secret{R"({"access_token":"at-2"})"}, {}, old_revision).value().has_value());
        const std::string content = read_text(cache.file);

        CHECK_FALSE(cache.store.put_if(kKey, Secret{R"({"access_token":"at-3"})"}, {}, old_revision).value().has_value());
        CHECK_FALSE(cache.store.put_if(kKey, Secret{R"({"access_token":"at-3"})"}, {}, 0).value().has_value());
        CHECK(read_text(cache.file) == content);
    }

    TEST_CASE("an expiry that is no date counts as unknown") {
        for (const std::string_view expiry : {"0", "-5", "\"1765000000000\"", "1e18", "null", "[]"}) {
            CAPTURE(expiry);
            Cache cache;
            cache.write("{\"access_token\":\"a\",\"expiry_date\":" + std::string(expiry) + "}");
            CHECK_FALSE(cache.store.get(kKey).value()->expires_at.has_value());
        }
    }

    TEST_CASE("wide modes are repaired, and that is said") {
        Cache cache;
        SUBCASE("file readable by others") { cache.write(kTheirLogin, 0644); }
        SUBCASE("file writable by others") { cache.write(kTheirLogin, 0666); }
        SUBCASE("directory writable by its group") {
            cache.write(kTheirLogin);
            ::chmod(cache.home.c_str(), 0775);
        }

        REQUIRE(cache.store.get(kKey).value().has_value());

        CHECK(mode_of(cache.file) == 0600);
        CHECK((mode_of(cache.home) & 0022) == 0);
        CHECK(cache.notices.find("repaired") != std::string::npos);
        cache.notices.clear();
        REQUIRE(cache.store.get(kKey).value().has_value());
        CHECK(cache.notices.empty());
    }

    TEST_CASE("a file that may be somebody else's is refused and left alone") {
        Cache cache;
        std::filesystem::path left = cache.file;
        SUBCASE("symbolic link") {
            cache.write("{}");
            std::filesystem::rename(cache.file, cache.home / "elsewhere.json");
            std::filesystem::create_symlink("elsewhere.json", cache.file);
        }
        SUBCASE("FIFO") {
            std::filesystem::create_directory(cache.home);
            REQUIRE(::mkfifo(cache.file.c_str(), 0600) == 0);
        }
        SUBCASE("directory") { std::filesystem::create_directories(cache.file); }
        SUBCASE("a directory that everybody may write") {
            cache.write(kTheirLogin);
            ::chmod(cache.home.c_str(), 0777);
        }

        const auto stored = cache.store.get(kKey);
        const auto written = cache.store.put_if(kKey, Secret{"{}"}, {}, 0);

        REQUIRE_FALSE(stored);
        CHECK(stored.error().code == ErrorCode::credential_store_refused);
        REQUIRE(stored.error().where.has_value());
        CHECK(stored.error().where->path == left.string());
        CHECK_FALSE(stored.error().hint.empty());
        REQUIRE_FALSE(written);
        CHECK(written.error().code == ErrorCode::credential_store_refused);
        CHECK(std::filesystem::exists(std::filesystem::symlink_status(left)));
    }

    TEST_CASE("a cache of another user is refused and not written") {
        Cache cache(::geteuid() + 1);
        cache.write(kTheirLogin, 0644);

        CHECK(cache.store.get(kKey).error().code == ErrorCode::credential_store_refused);
        CHECK(cache.store.put_if(kKey, Secret{"{}"}, {}, 0).error().code == ErrorCode::credential_store_refused);
        CHECK(read_text(cache.file) == kTheirLogin);
        CHECK(mode_of(cache.file) == 0644);
    }

    TEST_CASE("a corrupt cache is kept under another name and named in the error") {
        for (const std::string_view text : {"", "{\"access_token\": \"at-se", "[]", "\"x\"", "{\"a\":1,\"a\":2}"}) {
            CAPTURE(text);
            Cache cache;
            cache.write(text);

            const auto stored = cache.store.get(kKey);

            REQUIRE_FALSE(stored);
            CHECK(stored.error().code == ErrorCode::credential_store_refused);
            CHECK(stored.error().hint == "qwen auth login");
            CHECK(stored.error().message.find("at-se") == std::string::npos);
            CHECK(read_text(cache.home / "oauth_creds.json.corrupt") == text);
            CHECK_FALSE(cache.store.get(kKey).value().has_value());
        }
    }

    TEST_CASE("a login replaces a corrupt cache, which is kept") {
        Cache cache;
        cache.write("garbage");
        REQUIRE(cache.store.put_if(kKey, Secret{"{\"access_token\":\"a\"}"}, {}, 0).value().has_value());
        CHECK(read_text(cache.home / "oauth_creds.json.corrupt") == "garbage");
        CHECK(cache.store.get(kKey).value().has_value());
    }

    TEST_CASE("a dead sign-in is set aside, unless another one has taken its place") {
        Cache cache;
        cache.write(kTheirLogin);
        const auto revision = cache.store.get(kKey).value()->revision;

        REQUIRE(cache.store.retire(kKey, revision + 1));
        CHECK(std::filesystem::exists(cache.file));

        REQUIRE(cache.store.retire(kKey, revision));
        CHECK_FALSE(std::filesystem::exists(cache.file));
        CHECK(read_text(cache.home / "oauth_creds.json.revoked") == kTheirLogin);
        CHECK(mode_of(cache.home / "oauth_creds.json.revoked") == 0600);
    }

    TEST_CASE("signing out removes the file; being signed out already is success") {
        Cache cache;
        cache.write(kTheirLogin);
        REQUIRE(cache.store.erase(kKey));
        CHECK_FALSE(std::filesystem::exists(cache.file));
        CHECK(cache.store.erase(kKey));
    }

    TEST_CASE("without a home every call says so") {
        tests::FakeClock clock;
        OAuthCacheStore store(PrivateFile(OAuthCacheStore::place_in({}, 0), {}), clock);
        for (const Error& error : {store.get(kKey).error(), store.put_if(kKey, Secret{"{}"}, {}, 0).error(), store.erase(kKey).error()}) {
            CHECK(error.code == ErrorCode::storage_failed);
            CHECK(error.message == "there is no home directory to keep credentials in");
        }
    }

    TEST_CASE("when the disk refuses a renewed sign-in it is used from memory, the old file stays") {
        Cache cache;
        cache.write(kTheirLogin);
        const auto revision = cache.store.get(kKey).value()->revision;
        // A directory of the temporary's name stops the replacement, for root too.
        std::filesystem::create_directories(cache.home / "oauth_creds.json.tmp");

        SUBCASE("a login reports the failure") {
            const auto saved = cache.store.put_if(kKey, Secret{"{\"access_token\":\"at-2\"}"}, {}, revision);
            REQUIRE_FALSE(saved);
            CHECK(saved.error().code == ErrorCode::storage_failed);
            CHECK(cache.store.get(kKey).value()->value.reveal() == kTheirLogin);
        }
        SUBCASE("a renewal goes on") {
            cache.store.set_on_write_failure(OnWriteFailure::keep_in_memory);
            const auto saved = cache.store.put_if(kKey, Secret{"{\"access_token\":\"at-2\"}"}, {}, revision);
            REQUIRE(saved);
            REQUIRE(saved->has_value());
            CHECK(cache.notices.find("for this run only") != std::string::npos);
            CHECK(cache.store.get(kKey).value()->value.reveal().find("at-2") != std::string_view::npos);
            CHECK(cache.store.get(kKey).value()->revision == **saved);

            SUBCASE("until the disk takes it") {
                std::filesystem::remove(cache.home / "oauth_creds.json.tmp");
                REQUIRE(cache.store.put_if(kKey, Secret{"{\"access_token\":\"at-3\"}"}, {}, **saved).value().has_value());
                CHECK(read_text(cache.file).find("at-3") != std::string::npos);
            }
            SUBCASE("until somebody signs in anew") {
                cache.write("{\"access_token\":\"at-4\"}");
                CHECK(cache.store.get(kKey).value()->value.reveal().find("at-4") != std::string_view::npos);
            }
        }
        CHECK(std::filesystem::exists(cache.file));
    }

    TEST_CASE("a value that is no JSON object is not stored") {
        Cache cache;
        CHECK(cache.store.put_if(kKey, Secret{"token"}, {}, 0).error().code == ErrorCode::bad_response);
        CHECK(cache.store.put_if(kKey, Secret{"[]"}, {}, 0).error().code == ErrorCode::bad_response);
        CHECK_FALSE(std::filesystem::exists(cache.file));
    }
}
