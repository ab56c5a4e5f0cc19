#include "core/auth/credential_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/auth/memory_store.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/temporary_directory.hpp"

using namespace qwen;
using namespace qwen::auth;
using qwen::tests::read_text;
using qwen::tests::write_text;

namespace {

struct Files {
    CredentialFileStore store(std::string provider, std::string account = "default") {
        return {PrivateFile(CredentialFileStore::place_in(directory.path(), ::geteuid()), {}),
                {std::move(provider), std::move(account)},
                clock};
    }
    std::filesystem::path file() const { return directory / "credentials.json"; }

    tests::TemporaryDirectory directory;
    tests::FakeClock clock;
};

void store_and_read_back(SecretStore& store) {
    CHECK_FALSE(store.get("api_key").value().has_value());
    const UtcTime expiry{std::chrono::milliseconds(5)};

    const auto first = store.put_if("api_key", Secret{"sk-1"}, expiry, 0).value();
    REQUIRE(first.has_value());
    CHECK_FALSE(store.put_if("api_key", Secret{"sk-2"}, {}, 0).value().has_value());
    CHECK(store.get("api_key").value()->value.reveal() == "sk-1");
    CHECK(store.get("api_key").value()->expires_at == expiry);
    CHECK(store.get("api_key").value()->revision == *first);

    const auto second = store.put_if("api_key", Secret{"sk-2"}, {}, *first).value();
    REQUIRE(second.has_value());
    CHECK(*second != *first);
    CHECK_FALSE(store.get("api_key").value()->expires_at.has_value());

    REQUIRE(store.erase("api_key"));
    REQUIRE(store.erase("api_key"));
    CHECK_FALSE(store.get("api_key").value().has_value());
}

}  // namespace

TEST_SUITE("core/auth/credential_file") {
    TEST_CASE("a secret is stored, replaced only by who knows its revision, and erased") {
        SUBCASE("in the file") {
            Files files;
            auto store = files.store("openai");
            store_and_read_back(store);
        }
        SUBCASE("in memory") {
            MemoryStore store;
            store_and_read_back(store);
        }
    }

    TEST_CASE("providers and accounts do not see each other's secrets") {
        Files files;
        REQUIRE(files.store("openai").put_if("api_key", Secret{"sk-a"}, {}, 0).value());
        REQUIRE(files.store("openai", "work").put_if("api_key", Secret{"sk-b"}, {}, 0).value());
        REQUIRE(files.store("azure").put_if("api_key", Secret{"sk-c"}, {}, 0).value());

        CHECK(files.store("openai").get("api_key").value()->value.reveal() == "sk-a");
        CHECK(files.store("openai", "work").get("api_key").value()->value.reveal() == "sk-b");
        REQUIRE(files.store("openai").erase("api_key"));
        CHECK(files.store("openai", "work").get("api_key").value().has_value());
        CHECK(files.store("azure").get("api_key").value()->value.reveal() == "sk-c");
    }

    TEST_CASE("the file is private and ends in a line break") {
        Files files;
        REQUIRE(files.store("openai").put_if("api_key", Secret{"sk-a"}, {}, 0).value());
        struct stat status {};
        REQUIRE(::stat(files.file().c_str(), &status) == 0);
        CHECK((status.st_mode & 07777) == 0600);
        CHECK(read_text(files.file()).ends_with("}\n"));
    }

    TEST_CASE("a file that is not understood is refused and left as it is") {
        for (const std::string_view text :
             {"", "{", "[]", "{\"version\":2,\"secrets\":{}}", "{\"version\":1}", "{\"version\":1,\"secrets\":[]}"}) {
            CAPTURE(text);
            Files files;
            write_text(files.file(), text);
            ::chmod(files.file().c_str(), 0600);
            CHECK(files.store("openai").get("api_key").error().code == ErrorCode::credential_store_refused);
            CHECK(files.store("openai").put_if("api_key", Secret{"x"}, {}, 0).error().code == ErrorCode::credential_store_refused);
            CHECK(read_text(files.file()) == text);
        }
    }

    TEST_CASE("a secret that JSON cannot hold is refused, not altered") {
        Files files;
        CHECK(files.store("openai").put_if("api_key", Secret{"sk-\xFF"}, {}, 0).error().code == ErrorCode::credential_store_refused);
        CHECK_FALSE(std::filesystem::exists(files.file()));
    }
}
