#include "host/commands/project_template.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace qwen;
using namespace qwen::host;

namespace {

std::string file_of(const Project& project, std::string_view path) {
    const auto found = std::find_if(project.files.begin(), project.files.end(), [&](const auto& file) { return file.path == path; });
    return found == project.files.end() ? std::string() : found->content;
}

std::string hint_for(const std::string& name) {
    const auto project = make_project({name, {}, {}, {}});
    return project ? "(accepted)" : project.error().hint;
}

}  // namespace

TEST_SUITE("host/commands/project_template") {
    TEST_CASE("a project is named in every file, and the sample nowhere") {
        for (const auto& [language, kind] : {std::pair{"c", "api-key"}, {"c", "device-code"}, {"c", "signing"}, {"c", "command"}, {"cpp", "api-key"}, {"cpp", "device-code"}, {"cpp", "signing"}, {"rust", "api-key"}, {"rust", "device-code"}, {"rust", "signing"}}) {
            CAPTURE(language);
            CAPTURE(kind);
            const auto project = make_project({"acme_cloud", language, kind, "Acme Inc."});
            REQUIRE(project);
            CHECK(file_of(*project, "plugin.toml").find("id = \"acme_cloud\"\nname = \"Acme cloud\"\nversion = \"1.0.0\"\nvendor = \"Acme Inc.\"") != std::string::npos);
            CHECK(file_of(*project, "CMakeLists.txt").find("qwen_add_provider(acme_cloud SOURCES") != std::string::npos);
            CHECK(file_of(*project, "README.md").starts_with("# Acme cloud\n"));
            CHECK(file_of(*project, ".gitignore") == "build/\n");
            const auto sample = kind == std::string("api-key") ? "api_key" : kind == std::string("device-code") ? "device_code" : kind;
            for (const auto& file : project->files) {
                CAPTURE(file.path);
                CHECK((file.path + file.content).find(std::string(sample) + "_" + language) == std::string::npos);
            }
        }
    }

    TEST_CASE("variables and flags are spelled as such") {
        const auto project = make_project({"acme_cloud", "c", "api-key", {}});
        REQUIRE(project);
        const auto manifest = file_of(*project, "plugin.toml");
        CHECK(manifest.find("\"ACME_CLOUD_API_KEY\"") != std::string::npos);
        CHECK(manifest.find("\"--acme-cloud-api-key\"") != std::string::npos);
        CHECK(manifest.find("vendor = \"Example\"") != std::string::npos);
        CHECK(!file_of(*project, "acme_cloud.c").empty());
    }

    TEST_CASE("what was not asked for is chosen") {
        CHECK(make_project({"acme", {}, {}, {}})->language == "c");
        CHECK(make_project({"acme", {}, {}, {}})->kind == "api-key");
        CHECK(make_project({"acme", {}, "signing", {}})->language == "c");
        CHECK(make_project({"acme", "rust", {}, {}})->kind == "api-key");
    }

    TEST_CASE("only what is offered can be had") {
        CHECK(make_project({"acme", "cpp", "command", {}}).error().hint.find("cpp: api-key, device-code, signing") != std::string::npos);
        CHECK(make_project({"acme", "rust", "command", {}}).error().code == ErrorCode::usage);
        CHECK(make_project({"acme", "ccp", {}, {}}).error().message.find("did you mean \"cpp\"") != std::string::npos);
        CHECK(make_project({"acme", {}, "oauth", {}}).error().hint.find("device-code") != std::string::npos);
    }

    TEST_CASE("a name that cannot be one comes with the nearest that can") {
        CHECK(hint_for("Acme-Cloud") == "qwen plugin new acme_cloud");
        CHECK(hint_for("acme cloud (EU)") == "qwen plugin new acme_cloud_eu");
        CHECK(hint_for("3scale") == "qwen plugin new scale");
        CHECK(hint_for("../evil") == "qwen plugin new evil");
        CHECK(hint_for("") == "qwen plugin new my_provider");
        CHECK(hint_for("42") == "qwen plugin new my_provider");
        CHECK(hint_for("namespace") == "qwen plugin new namespace_provider");
        CHECK(hint_for(std::string(65, 'a')) == "qwen plugin new " + std::string(64, 'a'));
        CHECK(hint_for("a_1") == "(accepted)");
    }

    TEST_CASE("a vendor that would end the text in the manifest is refused") {
        for (const std::string vendor : {"a\"b", "a\\b", "a\nb"}) CHECK(make_project({"acme", {}, {}, vendor}).error().code == ErrorCode::usage);
    }
}
