#include "core/auth/credential_file.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/auth/memory_store.hpp"
#include "tests/fakes/fake_clock.hpp"
#include "tests/fakes/fake_keyring.hpp"
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
    std::unique_ptr<CredentialFileStore> store_with_keyring(Placement placement) {
        KeyringUse use{std::make_unique<tests::FakeKeyring>(keyring), placement, {"base_url"}};
        const auto tell = [this](std::string_view text) { notices += text; };
        return std::make_unique<CredentialFileStore>(PrivateFile(CredentialFileStore::place_in(directory.path(), ::geteuid()), tell),
                                                     CredentialFileStore::Owner{"openai", "default"}, clock, std::move(use));
    }
    bool has_value_in_file(std::string_view value) const { return std::filesystem::exists(file()) && read_text(file()).find(value) != std::string::npos; }
    std::filesystem::path file() const { return directory / "credentials.json"; }

    tests::TemporaryDirectory directory;
    tests::FakeClock clock;
    tests::KeyringContent keyring;
    std::string notices;
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

    TEST_CASE("with a keyring the file knows where a value is, and not what it is") {
        Files files;
        const auto store = files.store_with_keyring(Placement::keyring_or_file);
        store_and_read_back(*store);
        CHECK(files.keyring.items.empty());
        REQUIRE(store->put_if("api_key", Secret{"sk-1"}, {}, 0));
        REQUIRE(store->put_if("base_url", Secret{"https://api.example.com"}, {}, 0));
        CHECK_FALSE(files.has_value_in_file("sk-1"));
        CHECK(files.has_value_in_file("https://api.example.com"));
        CHECK(files.keyring.items.size() == 1);
        CHECK(CredentialFileStore::owners(PrivateFile(CredentialFileStore::place_in(files.directory.path(), ::geteuid()), {}))->size() == 1);
    }

    TEST_CASE("a keyring that cannot be used: the file takes over with a notice, unless it must be the keyring") {
        Files files;
        files.keyring.refuses_put = true;
        CHECK(files.store_with_keyring(Placement::keyring)->put_if("api_key", Secret{"sk-1"}, {}, 0).error().code == ErrorCode::storage_failed);
        CHECK_FALSE(files.has_value_in_file("sk-1"));
        REQUIRE(files.store_with_keyring(Placement::keyring_or_file)->put_if("api_key", Secret{"sk-1"}, {}, 0));
        CHECK(files.has_value_in_file("sk-1"));
        CHECK(files.notices.find("kept in the file instead") != std::string::npos);
    }

    TEST_CASE("moving leaves a value at one place: where it was when anything went wrong, else where it should be") {
        Files files;
        REQUIRE(files.store_with_keyring(Placement::file)->put_if("api_key", Secret{"sk-1"}, {}, 0));
        const auto store = files.store_with_keyring(Placement::keyring_or_file);
        SUBCASE("a locked keyring") { files.keyring.refuses_put = true; }
        SUBCASE("one that cannot be read back") { files.keyring.refuses_get = true; }
        SUBCASE("one that takes and forgets") { files.keyring.forgets = true; }
        const bool works = !files.keyring.refuses_put && !files.keyring.refuses_get && !files.keyring.forgets;
        CHECK(store->move_to(Placement::keyring).has_value() == works);
        CHECK(files.has_value_in_file("sk-1") != works);
        files.keyring.refuses_put = files.keyring.refuses_get = files.keyring.forgets = false;
        CHECK(store->get("api_key").value()->value.reveal() == "sk-1");

        REQUIRE(store->move_to(Placement::keyring));
        files.keyring.refuses_get = true;
        CHECK_FALSE(store->move_to(Placement::file));
        CHECK_FALSE(files.has_value_in_file("sk-1"));
        files.keyring.refuses_get = false;
        CHECK(store->move_to(Placement::file).value() == 1);
        CHECK(files.has_value_in_file("sk-1"));
        CHECK(files.keyring.items.empty());
    }

    TEST_CASE("a value somebody took out of the keyring can be stored again") {
        Files files;
        const auto store = files.store_with_keyring(Placement::keyring);
        REQUIRE(store->put_if("api_key", Secret{"sk-1"}, {}, 0));
        files.keyring.items.clear();
        CHECK_FALSE(store->get("api_key").value().has_value());
        CHECK(store->put_if("api_key", Secret{"sk-2"}, {}, 0).value().has_value());
        CHECK(store->get("api_key").value()->value.reveal() == "sk-2");
    }

    TEST_CASE("a value where it may not be is an error that names the way there") {
        Files files;
        REQUIRE(files.store_with_keyring(Placement::file)->put_if("api_key", Secret{"sk-1"}, {}, 0));
        CHECK(files.store_with_keyring(Placement::keyring)->get("api_key").error().hint.find("qwen auth move keyring") != std::string::npos);
        REQUIRE(files.store_with_keyring(Placement::keyring_or_file)->move_to(Placement::keyring));
        CHECK(files.store_with_keyring(Placement::file)->get("api_key").error().hint.find("qwen auth move file") != std::string::npos);
    }
}
