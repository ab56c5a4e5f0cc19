#include <fmt/format.h>
#include <unistd.h>

#include "host/commands/command_report.hpp"
#include "host/commands/plugin.hpp"
#include "host/transport_modules.hpp"

namespace qwen::host {

int run_plugin_check(const CommandRun& run) {
    const auto program = (installation_prefix() / "lib/qwen/qwen-plugin-check").native();
    std::vector<std::string> words{program,
                                   (run.around.environment.working_directory / run.options.operands.front()).lexically_normal().native()};
    words.insert(words.end(), run.options.checker_options.begin(), run.options.checker_options.end());
    if (run.options.output != OutputFormat::text) words.emplace_back("--json");
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    ::execv(program.c_str(), argv.data());
    return say_error(run.speech, {ErrorCode::internal, "the program that checks plugins cannot be started", "install qwen again",
                                  FileLocation{program}});
}

}  // namespace qwen::host
