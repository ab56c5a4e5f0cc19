// Each preset against the form its vendor publishes; the page is named with the case. Bodies are the ones core sends.
#include <doctest/doctest.h>

#include "tests/unit/plugins/fake_host.hpp"

using qwen::test::FakeHost;
using qwen::test::Pairs;

namespace {

constexpr const char* kStreamed = R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream":true,"stream_options":{"include_usage":true}})";
constexpr const char* kWhole = R"({"model":"m","messages":[{"role":"user","content":"hi"}],"stream_options":{"include_usage":true}})";

struct Host : FakeHost {
    Host() : FakeHost(QWEN_OPENAI_COMPAT_SO, QWEN_OPENAI_COMPAT_MANIFEST) {}
};

std::string request_of(Host& host, const std::string& body = kStreamed) {
    REQUIRE(host.authorize() == QWEN_OK);
    return host.wire(body);
}

}  // namespace

TEST_SUITE("plugins/openai_compat") {

// https://platform.openai.com/docs/api-reference/authentication
TEST_CASE("OpenAI gets a bearer key at /v1/chat/completions") {
    Host host;
    host.environment["OPENAI_API_KEY"] = "sk-1";

    SUBCASE("by default") {}
    SUBCASE("by preset") { host.preset = "openai"; }

    CHECK(request_of(host) == "POST https://api.openai.com/v1/chat/completions\nAuthorization: Bearer sk-1\n" + std::string(kStreamed));
    CHECK(host.recorded.sensitive == std::vector<std::string>{"Bearer sk-1"});
}

TEST_CASE("OpenAI organization and project go into their headers, and to OpenAI only") {
    Host host;
    host.environment = {{"OPENAI_API_KEY", "sk-1"}, {"OPENAI_ORG_ID", "org-7"}, {"OPENAI_PROJECT_ID", "proj-9"}};

    SUBCASE("at OpenAI") {
        CHECK(request_of(host) == "POST https://api.openai.com/v1/chat/completions\nOpenAI-Organization: org-7\nOpenAI-Project: proj-9\n"
                                  "Authorization: Bearer sk-1\n" + std::string(kStreamed));
    }
    SUBCASE("elsewhere") {
        host.config["base_url"] = "https://llm.example.org/v1";
        CHECK(request_of(host) == "POST https://llm.example.org/v1/chat/completions\nAuthorization: Bearer sk-1\n" + std::string(kStreamed));
    }
}

// https://learn.microsoft.com/azure/ai-foundry/openai/reference#chat-completions
TEST_CASE("Azure's dated API gets the deployment path, api-version and an api-key header") {
    Host host;
    host.preset = "azure";
    host.environment = {{"AZURE_OPENAI_API_KEY", "az"}, {"AZURE_OPENAI_ENDPOINT", "https://res.openai.azure.com/"}};
    const std::string expected_tail = "api-key: az\n" + std::string(kStreamed);

    SUBCASE("deployment named, newest api-version") {
        host.config["deployment"] = "my gpt/4o";
        CHECK(request_of(host) == "POST https://res.openai.azure.com/openai/deployments/my%20gpt%2F4o/chat/completions?api-version=2024-10-21\n" + expected_tail);
    }
    SUBCASE("api-version given: the deployment is the model") {
        host.environment["OPENAI_API_VERSION"] = "2025-01-01-preview";
        CHECK(request_of(host) == "POST https://res.openai.azure.com/openai/deployments/m/chat/completions?api-version=2025-01-01-preview\n" + expected_tail);
    }
    SUBCASE("deployment in the base URL") {
        host.environment["AZURE_OPENAI_ENDPOINT"] = "https://res.openai.azure.com/openai/deployments/d1";
        CHECK(request_of(host) == "POST https://res.openai.azure.com/openai/deployments/d1/chat/completions?api-version=2024-10-21\n" + expected_tail);
    }
    SUBCASE("resource name instead of an endpoint") {
        host.environment.erase("AZURE_OPENAI_ENDPOINT");
        host.config = {{"resource", "contoso"}, {"deployment", "d2"}};
        CHECK(request_of(host) == "POST https://contoso.openai.azure.com/openai/deployments/d2/chat/completions?api-version=2024-10-21\n" + expected_tail);
    }
    SUBCASE("models are listed above the deployments") {
        host.config["deployment"] = "d1";
        REQUIRE(host.authorize("", "models", 0) == QWEN_OK);
        CHECK(host.wire("") == "GET https://res.openai.azure.com/openai/models?api-version=2024-10-21\napi-key: az\n");
    }
}

// https://learn.microsoft.com/azure/ai-foundry/openai/api-version-lifecycle
TEST_CASE("Azure's v1 API needs no api-version, and the model is the deployment") {
    Host host;
    host.environment["AZURE_OPENAI_API_KEY"] = "az";
    host.preset = "azure";
    const std::string expected = "POST https://res.openai.azure.com/openai/v1/chat/completions\napi-key: az\n" + std::string(kStreamed);

    SUBCASE("from the endpoint") { host.environment["AZURE_OPENAI_ENDPOINT"] = "https://res.openai.azure.com"; }
    SUBCASE("from the v1 address") { host.environment["AZURE_OPENAI_ENDPOINT"] = "https://res.openai.azure.com/openai/v1/"; }
    SUBCASE("without the preset, by the host") {
        host.preset.clear();
        host.environment = {{"OPENAI_API_KEY", "az"}, {"OPENAI_BASE_URL", "https://res.openai.azure.com/openai/v1"}};
    }

    CHECK(request_of(host) == expected);
}

TEST_CASE("a key for Azure without an endpoint goes nowhere, not to the default address of OpenAI") {
    Host host;
    host.preset = "azure";
    host.environment["AZURE_OPENAI_API_KEY"] = "az";
    CHECK(host.authorize() == QWEN_ERR_SETTING);
    CHECK(host.error.setting == "base_url");
    CHECK(host.recorded.headers.empty());

    SUBCASE("also when the vendor is named without the preset") {
        host.preset.clear();
        host.config = {{"api_key", "az"}, {"vendor", "azure"}};
        CHECK(host.authorize() == QWEN_ERR_SETTING);
        CHECK(host.recorded.headers.empty());
    }
}

TEST_CASE("an Entra ID token from a command is sent to Azure as a bearer token") {
    Host host;
    host.preset = "azure";
    host.environment["AZURE_OPENAI_ENDPOINT"] = "https://res.openai.azure.com";
    host.config = {{"auth", "bearer"}, {"api_key_command", "az account get-access-token"}};
    int runs = 0;
    host.run_command = [&](std::string& output) {
        output = "\"eyJ" + std::to_string(++runs) + "\"\n";
        return QWEN_OK;
    };

    CHECK(host.authorize() == QWEN_NEED_REFRESH);
    REQUIRE(host.refresh() == QWEN_OK);
    CHECK(request_of(host) == "POST https://res.openai.azure.com/openai/v1/chat/completions\nAuthorization: Bearer eyJ1\n" + std::string(kStreamed));
    REQUIRE(host.on_response(401, "{}") == QWEN_OK);
    CHECK(host.recorded.verdict_kind == QWEN_VERDICT_REFRESH_AND_RETRY);
    REQUIRE(host.refresh() == QWEN_OK);
    REQUIRE(host.authorize() == QWEN_OK);
    CHECK(host.recorded.sensitive == std::vector<std::string>{"Bearer eyJ2"});
}

// https://openrouter.ai/docs/api-reference/overview and https://openrouter.ai/docs/app-attribution
TEST_CASE("OpenRouter gets a bearer key and the program's name") {
    Host host;
    SUBCASE("by preset") {
        host.preset = "openrouter";
        host.environment["OPENROUTER_API_KEY"] = "or-1";
    }
    SUBCASE("by the host") { host.environment = {{"OPENAI_API_KEY", "or-1"}, {"OPENAI_BASE_URL", "https://openrouter.ai/api/v1"}}; }

    CHECK(request_of(host) == "POST https://openrouter.ai/api/v1/chat/completions\nHTTP-Referer: http://localhost\nX-OpenRouter-Title: qwen\n"
                              "X-Title: qwen\nAuthorization: Bearer or-1\n" + std::string(kStreamed));
}

// https://www.modelscope.cn/docs/model-service/API-Inference/intro
TEST_CASE("ModelScope gets stream_options only with a stream") {
    Host host;
    host.preset = "modelscope";
    host.environment["MODELSCOPE_API_KEY"] = "ms-1";
    const std::string head = "POST https://api-inference.modelscope.cn/v1/chat/completions\nAuthorization: Bearer ms-1\n";

    CHECK(request_of(host) == head + kStreamed);
    REQUIRE(host.authorize("m", "chat.completions", 0) == QWEN_OK);
    CHECK(host.wire(kWhole) == head + R"({"model":"m","messages":[{"role":"user","content":"hi"}]})");
}

// https://www.alibabacloud.com/help/en/model-studio/compatibility-of-openai-with-dashscope; the X-DashScope headers as Qwen Code sends them
TEST_CASE("DashScope gets a bearer key and names the program") {
    struct Row {
        const char* preset;
        const char* base_url;
    };
    for (const Row& row : {Row{"dashscope", "https://dashscope.aliyuncs.com/compatible-mode/v1"},
                           Row{"dashscope-intl", "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"},
                           Row{"", "https://dashscope-us.aliyuncs.com/compatible-mode/v1"},
                           Row{"", "https://cn-hongkong.dashscope.aliyuncs.com/compatible-mode/v1"}}) {
        CAPTURE(row.base_url);
        Host host;
        host.preset = row.preset;
        host.environment = {{"DASHSCOPE_API_KEY", "ds-1"}};
        if (host.preset.empty()) host.config = {{"api_key", "ds-1"}, {"base_url", row.base_url}};

        CHECK(request_of(host) == "POST " + std::string(row.base_url) + "/chat/completions\nX-DashScope-CacheControl: enable\n"
                                  "X-DashScope-UserAgent: qwen/1.2.3\nX-DashScope-AuthType: openai\nAuthorization: Bearer ds-1\n" + kStreamed);
    }
}

// https://docs.ollama.com/api/openai-compatibility, https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html, https://lmstudio.ai/docs/app/api
TEST_CASE("a server on this machine needs no key, and gets one that is set") {
    struct Row {
        const char* preset;
        const char* base_url;
        const char* variable;
    };
    for (const Row& row : {Row{"ollama", "http://127.0.0.1:11434/v1", "OLLAMA_API_KEY"}, Row{"vllm", "http://127.0.0.1:8000/v1", "VLLM_API_KEY"},
                           Row{"lmstudio", "http://127.0.0.1:1234/v1", nullptr}, Row{"local", "http://127.0.0.1:8080/v1", nullptr}}) {
        CAPTURE(row.preset);
        Host host;
        host.preset = row.preset;
        const std::string line = "POST " + std::string(row.base_url) + "/chat/completions\n";

        CHECK(request_of(host) == line + kStreamed);
        REQUIRE(host.state() == QWEN_OK);
        CHECK(host.recorded.state_kind == QWEN_STATE_READY);
        if (row.variable != nullptr) {
            host.environment[row.variable] = "k";
        } else {
            host.config["api_key"] = "k";
        }
        CHECK(request_of(host) == line + "Authorization: Bearer k\n" + kStreamed);
    }
}

TEST_CASE("a self-hosted endpoint elsewhere goes without a key only when told so") {
    Host host;
    host.config["base_url"] = "https://llm.corp.example/v1";

    CHECK(host.authorize() == QWEN_NEED_LOGIN);
    CHECK(host.error.message == "no API key for llm.corp.example");
    CHECK(host.recorded.headers.empty());
    host.config["auth"] = "none";
    CHECK(request_of(host) == "POST https://llm.corp.example/v1/chat/completions\n" + std::string(kStreamed));
}

TEST_CASE("a key exported for OpenAI never reaches the vendor of a preset") {
    for (const char* preset : {"azure", "openrouter", "modelscope", "dashscope", "dashscope-intl", "ollama", "vllm", "lmstudio", "local"}) {
        CAPTURE(preset);
        Host host;
        host.preset = preset;
        host.environment = {{"OPENAI_API_KEY", "sk-canary"}, {"AZURE_OPENAI_ENDPOINT", "https://res.openai.azure.com"}};

        const qwen_status status = host.authorize();

        CHECK(((status == QWEN_NEED_LOGIN) || (status == QWEN_OK && host.recorded.sensitive.empty())));
    }
}

TEST_CASE("a base URL exported for another program does not redirect a preset's key") {
    Host host;
    host.preset = "openrouter";
    host.environment = {{"OPENROUTER_API_KEY", "or-1"}, {"OPENAI_BASE_URL", "https://elsewhere.example/v1"}};

    CHECK(request_of(host).starts_with("POST https://openrouter.ai/api/v1/chat/completions\n"));
}

TEST_CASE("a key that cannot be a header is refused by name and never shown") {
    for (const char* key : {"sk-canary\r\nX-Evil: 1", "sk-canary\n", "sk-can\xC3\xA4ry", "sk-canary\xE2\x80\x9D", "sk canary", "sk-canary\x01", "sk-canary\x7f"}) {
        Host host;
        host.config["api_key"] = key;

        CHECK(host.authorize() == QWEN_ERR_SETTING);
        CHECK(host.error.setting == "api_key");
        CHECK(host.error.message.find("can") == std::string::npos);
        CHECK(host.recorded.headers.empty());
    }
}

TEST_CASE("a base URL that two parsers could read as two hosts is refused") {
    for (const char* url : {"https://api.openai.com@evil.example/v1", "https://good.example\\@evil.example/", "https:///v1", "ftp://x/", "api.openai.com/v1",
                            "https://a.example\n.evil.example/", ""}) {
        CAPTURE(url);
        Host host;
        host.config = {{"api_key", "k"}, {"base_url", url}};
        CHECK(host.authorize() == QWEN_ERR_SETTING);
        CHECK(host.error.setting == "base_url");
    }
}

TEST_CASE("a host that only looks like a vendor's is a plain endpoint") {
    for (const char* url : {"https://openrouter.ai.evil.example/v1", "https://notopenrouter.ai/v1", "https://dashscope.evil.example/v1", "http://127.0.0.1.evil.example/v1"}) {
        CAPTURE(url);
        Host host;
        host.config["base_url"] = url;
        CHECK(host.authorize() == QWEN_NEED_LOGIN);
        host.config["api_key"] = "k";
        REQUIRE(host.authorize() == QWEN_OK);
        CHECK(host.recorded.headers == Pairs{{"Authorization", "Bearer k"}});
    }
}

TEST_CASE("further headers are sent, and a malformed line is an error") {
    Host host;
    host.config = {{"api_key", "k"}, {"headers", "X-Team: blue\nX-Trace:  on "}};
    REQUIRE(host.authorize() == QWEN_OK);
    CHECK(host.recorded.headers == Pairs{{"X-Team", "blue"}, {"X-Trace", "on"}, {"Authorization", "Bearer k"}});

    host.config["headers"] = "no colon";
    CHECK(host.authorize() == QWEN_ERR_SETTING);
    CHECK(host.error.setting == "headers");
}

TEST_CASE("an answer is judged by the body's code before its status") {
    struct Row {
        std::uint32_t status;
        const char* body;
        std::uint32_t verdict;  // 0: none
    };
    const Row rows[] = {
        {200, "", 0},
        {400, R"({"error":{"code":"model_not_found"}})", 0},
        {500, "<html>", 0},
        {401, R"({"error":{"code":"invalid_api_key"}})", QWEN_VERDICT_LOGIN_NEEDED},
        {403, "", QWEN_VERDICT_LOGIN_NEEDED},
        {402, R"({"error":{"code":402,"message":"Insufficient credits"}})", QWEN_VERDICT_QUOTA_EXHAUSTED},
        {429, "", QWEN_VERDICT_RATE_LIMITED},
        {429, "{\"error\":{\"code\":\"insuff", QWEN_VERDICT_RATE_LIMITED},
        {429, R"({"error":{"type":"insufficient_quota","code":"insufficient_quota"}})", QWEN_VERDICT_QUOTA_EXHAUSTED},
        {429, R"({"error":{"type":"insufficient_quota","code":"billing_hard_limit_reached"}})", QWEN_VERDICT_QUOTA_EXHAUSTED},
        {429, R"({"code":"Throttling.RateQuota","message":"Requests rate limit exceeded"})", QWEN_VERDICT_RATE_LIMITED},
        {429, R"({"error":{"code":"Throttling.AllocationQuota"}})", QWEN_VERDICT_RATE_LIMITED},
        {400, R"({"code":"Throttling"})", QWEN_VERDICT_RATE_LIMITED},
        {400, R"({"error":{"code":"Arrearage"}})", QWEN_VERDICT_QUOTA_EXHAUSTED},
        {403, R"({"error":{"code":"AllocationQuota.FreeTierOnly"}})", QWEN_VERDICT_QUOTA_EXHAUSTED},
    };
    for (const Row& row : rows) {
        CAPTURE(row.status);
        CAPTURE(row.body);
        Host host;
        host.config["api_key"] = "k";
        REQUIRE(host.on_response(row.status, row.body) == QWEN_OK);
        CHECK(host.recorded.verdict_kind.value_or(0) == row.verdict);
    }
}

TEST_CASE("a prompt refused by OpenRouter's moderation is not a bad key") {
    Host host;
    host.preset = "openrouter";
    REQUIRE(host.on_response(403, R"({"error":{"code":403,"metadata":{"reasons":["x"]}}})") == QWEN_OK);
    CHECK(host.recorded.verdict_kind == QWEN_VERDICT_FATAL);
}

TEST_CASE("the end of a limit comes from the vendor's headers") {
    struct Row {
        Pairs headers;
        std::int64_t after_ms;
    };
    Host host;
    host.config["api_key"] = "k";
    for (const Row& row : {Row{{{"retry-after", "3"}}, 3000}, Row{{{"retry-after-ms", "250"}}, 250}, Row{{{"x-ratelimit-reset", "1700000060000"}}, 60'000}}) {
        REQUIRE(host.on_response(429, "", row.headers) == QWEN_OK);
        CHECK(host.recorded.verdict_available_at == host.utc_ms + row.after_ms);
    }
    REQUIRE(host.on_response(429, "", {{"retry-after", "99999999999999999999"}}) == QWEN_OK);
    CHECK(host.recorded.verdict_available_at == 0);
}

TEST_CASE("login asks for the key, cleans what was pasted and stores it") {
    Host host;
    host.answer_prompt = [](std::string& answer) {
        answer = "  \"sk-typed\"\n";
        return QWEN_OK;
    };
    REQUIRE(host.login("api-key") == QWEN_OK);
    CHECK(host.secrets.at("api_key").value == "sk-typed");
    CHECK(request_of(host).find("Authorization: Bearer sk-typed\n") != std::string::npos);

    REQUIRE(host.logout() == QWEN_OK);
    CHECK(host.secrets.empty());
    CHECK(host.authorize() == QWEN_NEED_LOGIN);
}

TEST_CASE("login without a person ends at once and says what to set") {
    Host host;
    host.preset = "dashscope";
    host.interactive = QWEN_INTERACTIVE_NEVER;
    CHECK(host.login("api-key") == QWEN_ERR_NOT_INTERACTIVE);
    CHECK(host.error.hint.find("DASHSCOPE_API_KEY") != std::string::npos);
    CHECK(host.secrets.empty());
}

}
