// What a plugin's own process sends, hostile from the moment the plugin is mapped, and what the program sends to it. The first byte says which message it is.

#include "core/base/utf8.hpp"
#include "host/plugin/isolation/messages.hpp"
#include "host/plugin/isolation/service_messages.hpp"
#include "tests/fuzz/fuzz_target.hpp"

using namespace qwen;
using namespace qwen::host::plugin;
using fuzz::expect;

namespace {

/// Services that do nothing but look at what reaches them.
class Services final : public HostServices {
public:
    void log(std::uint32_t, std::string_view) override {}
    bool cancelled() override { return false; }
    std::int64_t deadline_mono_ms() override { return 1; }
    std::uint32_t interactive() override { return 0; }
    Status http(HttpExchange request, HttpAnswer& answer) override {
        expect(request.headers.size() <= 100 && request.body.size() <= 1u << 20, "a request is within the limits of the interface");
        answer.headers.emplace_back("content-type", "text/plain");
        return 0;
    }
    std::int64_t server_skew_ms(std::string_view) override { return 0; }
    Status sleep_until(std::int64_t) override { return 0; }
    Status secret_get(std::string_view key, SecretAnswer&) override { return within(key, 128); }
    Status secret_put_if(std::string_view key, std::string_view value, std::int64_t, std::uint64_t, std::uint64_t&) override {
        return within(key, 128) + within(value, 64u << 10);
    }
    Status secret_erase(std::string_view key) override { return within(key, 128); }
    Status device_code(const auth::DeviceVerification&) override { return 0; }
    Status prompt(const PromptQuestion&, Secret&) override { return 0; }
    Status choose(std::string_view, const std::vector<std::string>& choices, std::uint32_t&) override {
        expect(choices.size() <= 100, "a list is within its limit");
        return 0;
    }
    void notice(std::string_view text) override { is_one_line(text); }
    void progress(std::uint32_t, std::string_view detail) override { is_one_line(detail); }
    Status setting(std::string_view key, SettingAnswer&) override { return within(key, 128); }
    Status run_command(std::string_view key, Secret&) override { return within(key, 128); }

    static void is_one_line(std::string_view text) {
        for (const char c : text) expect(c != '\n' && c != '\r' && c != '\033', "what a plugin says is one line without controls");
    }

private:
    static Status within(std::string_view text, std::size_t limit) {
        expect(text.size() <= limit, "a text is within its limit");
        return 0;
    }
};

void check_result(std::string_view message, EntryPoint entry) {
    WireReader in(message);
    EntryResult result;
    if (!read_result(in, entry, result)) return;
    for (const auto* list : {&result.edits.headers, &result.edits.query})
        for (const auto& parameter : *list)
            expect(parameter.value.reveal().find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos, "no value breaks a request");
    WireWriter out;
    write_result(out, result);
    WireReader again(out.bytes());
    EntryResult second;
    expect(read_result(again, entry, second), "what was accepted is accepted again");
    expect(second.status == result.status && second.edits.headers.size() == result.edits.headers.size(), "and is the same");
}

void check_call(std::string_view message) {
    WireReader in(message);
    EntryCall call;
    if (!read_call(in, call)) return;
    WireWriter out;
    write_call(out, call);
    WireReader again(out.bytes());
    EntryCall second;
    expect(read_call(again, second) && second.entry == call.entry, "a call that is written and read is the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
    std::string_view text = fuzz::text_of(bytes, size);
    const std::size_t kind = fuzz::take_number(text);
    WireReader in(text);
    switch (kind % 5) {
        case 0: {
            Services services;
            WireWriter answer;
            (void)serve(text, services, answer);
            break;
        }
        case 1: check_result(text, static_cast<EntryPoint>(kind / 5 % (static_cast<std::size_t>(EntryPoint::sign) + 1))); break;
        case 2: check_call(text); break;
        case 3: {
            std::uint32_t level = 0;
            std::string line;
            if (read_log(text, level, line)) Services::is_one_line(line);
            break;
        }
        default: {
            HelloMessage hello;
            (void)read_hello(in, hello);
            WireReader other(text);
            StartMessage start;
            (void)read_start(other, start);
        }
    }
    return 0;
}
