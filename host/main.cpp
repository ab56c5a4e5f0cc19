#include "core/system/environment.hpp"
#include "host/app.hpp"
#include "host/cli/process.hpp"
#include "host/plugin/isolation/plugin_process.hpp"

int main(int argc, char** argv) {
    if (qwen::host::plugin::is_plugin_process(argc, argv)) return qwen::host::plugin::run_plugin_process();
    auto arguments = qwen::host::Arguments::take(argc, argv);
    qwen::host::protect_process_memory();
    const auto outcome = qwen::host::run(arguments, qwen::system::Environment::capture(), qwen::config::PolicyPlaces{});
    if (outcome.signal != 0) qwen::host::die_of_signal(outcome.signal);
    return outcome.status;
}
