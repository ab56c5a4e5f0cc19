#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "host/commands/json_output.hpp"
#include "host/commands/plugin.hpp"
#include "host/commands/project_template.hpp"
#include "host/terminal/sanitizer.hpp"

namespace qwen::host {
namespace {

namespace fs = std::filesystem;

/// The directory is made, or is there and empty.
Result<void> make_room(const fs::path& directory, const std::string& name) {
    std::error_code problem;
    fs::create_directories(directory, problem);
    if (problem) return Error{ErrorCode::storage_failed, "cannot make the directory: " + problem.message(), "choose another place: qwen plugin new NAME DIR", FileLocation{directory.native()}};
    const bool is_empty = fs::is_empty(directory, problem);
    if (problem) return Error{ErrorCode::storage_failed, "cannot look into the directory: " + problem.message(), {}, FileLocation{directory.native()}};
    if (is_empty) return {};
    return Error{ErrorCode::usage, "there is something in the directory already, and nothing of it is overwritten",
                 fmt::format("choose another place: qwen plugin new {} DIR", name), FileLocation{directory.native()}};
}

/// Ordinary files of the user's, under his umask: this is source, to be shared.
Result<void> write_files(const fs::path& directory, const Project& project) {
    for (const auto& file : project.files) {
        const auto path = directory / file.path;
        std::error_code problem;
        fs::create_directories(path.parent_path(), problem);
        std::ofstream stream(path, std::ios::binary | std::ios::trunc);
        stream << file.content;
        stream.close();
        if (problem || !stream) return Error{ErrorCode::storage_failed, "cannot write the file", {}, FileLocation{path.native()}};
    }
    return {};
}

/// Where the SDK is installed beside this program; empty: nowhere.
fs::path sdk_prefix(const CommandRun& run) {
    // <prefix>/lib/qwen/plugins
    const auto prefix = run.host.directories().bundled.parent_path().parent_path().parent_path();
    std::error_code problem;
    return fs::exists(prefix / "lib/cmake/QwenProviderSdk/QwenProviderSdkConfig.cmake", problem) ? prefix : fs::path();
}

/// As one word of a shell, for commands to copy.
std::string shell_word(const std::string& text) {
    constexpr std::string_view kPlain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_./-+@:";
    if (!text.empty() && text.find_first_not_of(kPlain) == std::string::npos) return text;
    std::string word = "'";
    for (const char c : text) word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return word + '\'';
}

std::string configure_command(const std::string& shown, const fs::path& prefix) {
    const bool is_found_by_itself = prefix == "/usr" || prefix == "/usr/local";
    return fmt::format("cmake -S {0} -B {0}/build{1}", shown, is_found_by_itself ? "" : fmt::format(" -DCMAKE_PREFIX_PATH={}", prefix.empty() ? "PREFIX" : shell_word(prefix.native())));
}

std::string prefix_line(const fs::path& prefix) {
    return prefix.empty() ? "PREFIX is where the SDK is installed: cmake --install BUILD --component sdk --prefix PREFIX\n" : "";
}

Result<int> create(const CommandRun& run) {
    const auto& operands = run.options.operands;
    const ProjectWish wish{operands.front(), run.options.language, run.options.kind, run.options.vendor};
    QWEN_TRY(const auto project, make_project(wish));
    if (run.host.find_file(wish.name)) {
        return Error{ErrorCode::usage, fmt::format("there is a provider '{}' already", wish.name), "give yours another name", std::nullopt};
    }
    const std::string place = operands.size() > 1 ? operands[1] : wish.name;
    const auto directory = (run.around.environment.working_directory / place).lexically_normal();
    QWEN_CHECK(make_room(directory, wish.name));
    QWEN_CHECK(write_files(directory, project));

    const auto prefix = sdk_prefix(run);
    const auto shown = shell_word(place);
    const std::vector<std::string> next{configure_command(shown, prefix), fmt::format("cmake --build {}/build", shown),
                                        fmt::format("ctest --test-dir {}/build --output-on-failure", shown),
                                        fmt::format("qwen plugin install {}/build/{}.so", shown, wish.name)};
    auto json = json_success();
    json.update({{"name", wish.name}, {"lang", project.language}, {"kind", project.kind}, {"directory", directory.native()}});
    for (const auto& file : project.files) json["files"].push_back(file.path);
    json["next"] = next;
    std::string commands;
    for (const auto& command : next) commands += fmt::format("  {}\n", sanitized_line(command, 2000));
    const auto text = fmt::format("{}: a provider of kind {} in {}, {} files\nbuild, test and install it:\n\n{}\n{}its README.md says what to change\n", sanitized_line(place, 200),
                                  project.kind, project.language, project.files.size(), commands, prefix_line(prefix));
    return say(run.speech, text, json);
}

}  // namespace

int run_plugin_new(const CommandRun& run) {
    const auto status = create(run);
    return status ? *status : say_error(run.speech, status.error());
}

}  // namespace qwen::host
