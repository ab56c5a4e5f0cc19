#include "core/system/environment.hpp"

#include <doctest/doctest.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <vector>

using qwen::system::Environment;

namespace {

/// Replaces this process's environment for one test.
class EnvironmentOverride {
public:
    explicit EnvironmentOverride(std::vector<std::string> entries) : entries_(std::move(entries)), saved_(::environ) {
        for (std::string& entry : entries_) pointers_.push_back(entry.data());
        pointers_.push_back(nullptr);
        ::environ = pointers_.data();
    }
    ~EnvironmentOverride() { ::environ = saved_; }
    EnvironmentOverride(const EnvironmentOverride&) = delete;
    EnvironmentOverride& operator=(const EnvironmentOverride&) = delete;

private:
    std::vector<std::string> entries_;
    std::vector<char*> pointers_;
    char** saved_;
};

}  // namespace

TEST_SUITE("core/system/environment") {
    TEST_CASE("variables are taken as they are; of two with one name the first counts") {
        const EnvironmentOverride override({"A=1", "EMPTY=", "A=2", "WITH=a=b", "malformed", "HOME=/home/ana"});

        const Environment environment = Environment::capture();

        CHECK(environment.variable("A") == "1");
        CHECK(environment.variable("WITH") == "a=b");
        CHECK(environment.variable("EMPTY") == "");
        CHECK_FALSE(environment.has("EMPTY"));
        CHECK_FALSE(environment.variable("malformed").has_value());
        CHECK_FALSE(environment.variable("ABSENT").has_value());
        CHECK(environment.has("A"));
        CHECK(environment.home == "/home/ana");
        CHECK(environment.working_directory.is_absolute());
        CHECK(environment.effective_uid == ::geteuid());
    }

    TEST_CASE("a home that is no absolute path is looked up in the password database") {
        const auto home_with = [](std::vector<std::string> entries) {
            const EnvironmentOverride override(std::move(entries));
            return Environment::capture().home;
        };
        const auto from_database = home_with({});

        CHECK((from_database.empty() || from_database.is_absolute()));
        CHECK(home_with({"HOME="}) == from_database);
        CHECK(home_with({"HOME=relative/dir"}) == from_database);
        CHECK(home_with({"HOME=/nonexistent"}) == "/nonexistent");
    }
}
