// The samples of the SDK (sdk/samples), as they were when the program was built: what `qwen plugin new` writes under another name.
//
// Compiled in, so that a template is never missing, nor of another version. Nothing but that command touches these pages.
#pragma once

#include <span>
#include <string_view>

namespace qwen::host {

struct SampleFile {
    std::string_view path;  ///< within the project, "test/x.cpp"
    std::string_view content;
};

/// A complete project whose name, in its three spellings, stands for the name of the one made of it.
struct SampleProject {
    std::string_view name;  ///< "device_code_cpp": the kind and the language
    std::span<const SampleFile> files;
};

/// In the order of their names.
[[nodiscard]] std::span<const SampleProject> sample_projects();

}  // namespace qwen::host
