#include "host/commands/command_report.hpp"

#include <nlohmann/json.hpp>

#include "host/commands/json_output.hpp"
#include "host/exit_status.hpp"
#include "host/terminal/error_report.hpp"
#include "host/terminal/output.hpp"

namespace qwen::host {

int say(const Speech& speech, std::string_view text) {
    const auto written = write_to_stdout(text);
    if (written) return kExitOk;
    write_to_stderr(error_text(written.error(), speech.color_on_stderr));
    return exit_status(written.error());
}

int say(const Speech& speech, std::string_view text, const nlohmann::ordered_json& json) {
    return say(speech, speech.output == OutputFormat::text ? std::string(text) : json_line(json));
}

int say_error(const Speech& speech, const Error& error) {
    if (speech.output == OutputFormat::text) {
        write_to_stderr(error_text(error, speech.color_on_stderr));
    } else {
        static_cast<void>(say(speech, json_line(json_failure(error))));
    }
    return exit_status(error);
}

}  // namespace qwen::host
