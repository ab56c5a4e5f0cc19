#include "host/terminal/console_interaction.hpp"

#include <doctest/doctest.h>

using namespace qwen;
using namespace qwen::host;

TEST_SUITE("host/terminal/console_interaction") {

TEST_CASE("the device code screen holds the whole link, the code, its time and the warning") {
    const UtcTime now{std::chrono::hours(1)};
    const auth::DeviceVerification verification{"https://chat.qwen.ai/authorize", "https://chat.qwen.ai/authorize?user_code=7KQD-2MXV&client=qwen-code",
                                                "7KQD-2MXV", now + std::chrono::minutes(15)};
    const auto link = Url::parse(verification.verification_uri_complete);
    REQUIRE(link);
    LoginScreen screen;
    screen.provider_name = "Qwen";
    screen.host_name = "build-7";

    const auto text = verification_text(verification, *link, screen, "from any browser (this machine has none: SSH session)", now);

    CHECK(text ==
          "Sign in to Qwen from any browser (this machine has none: SSH session).\n\n"
          "  https://chat.qwen.ai/authorize?user_code=7KQD-2MXV&client=qwen-code\n"
          "  code  7KQD-2MXV          valid 15 min\n\n"
          "Approve only if you started this yourself on build-7.\n");
}

TEST_CASE("a user code of a hostile server is shown without its escapes") {
    const UtcTime now{};
    const auth::DeviceVerification verification{"https://a.example/", "", "\033[2JAB", now + std::chrono::minutes(1)};
    const auto link = Url::parse(verification.verification_uri);
    REQUIRE(link);
    CHECK(verification_text(verification, *link, LoginScreen{}, "", now).find('\033') == std::string::npos);
}

TEST_CASE("the remaining time counts down to zero and not below") {
    const UtcTime end{std::chrono::hours(2)};
    CHECK(remaining_time(end - std::chrono::seconds(881), end) == "14:41");
    CHECK(remaining_time(end - std::chrono::seconds(5), end) == "0:05");
    CHECK(remaining_time(end - std::chrono::seconds(3723), end) == "1:02:03");
    CHECK(remaining_time(end + std::chrono::seconds(9), end) == "0:00");
}

}
