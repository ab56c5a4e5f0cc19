// The program as it is shipped, but for one thing: the policy is where QWEN_TEST_POLICY_DIRECTORY says, so that a scenario can write one.
// The shipped program has no such variable: its main passes the compiled-in places. This binary is never installed.
#include "core/system/environment.hpp"
#include "host/app.hpp"
#include "host/cli/process.hpp"
#include "host/plugin/isolation/plugin_process.hpp"

int main(int argc, char** argv) {
    if (qwen::host::plugin::is_plugin_process(argc, argv)) return qwen::host::plugin::run_plugin_process();
    auto arguments = qwen::host::Arguments::take(argc, argv);
    qwen::host::protect_process_memory();
    const auto environment = qwen::system::Environment::capture();
    const std::filesystem::path directory(std::string(environment.variable("QWEN_TEST_POLICY_DIRECTORY").value_or("/nonexistent")));
    const auto outcome = qwen::host::run(arguments, environment, {directory / "policy.toml", directory / "policy.d", environment.effective_uid});
    if (outcome.signal != 0) qwen::host::die_of_signal(outcome.signal);
    return outcome.status;
}
