// From a sample to a project of one's own: which there are, what it may be called, and the files under that name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.hpp"
#include "host/commands/sample_projects.hpp"

namespace qwen::host {

/// What was asked for; an empty text leaves it to us.
struct ProjectWish {
    std::string name;
    std::string language;  ///< "c", "cpp", "rust"
    std::string kind;      ///< "api-key", "device-code", "signing", "command"
    std::string vendor;
};

struct ProjectFile {
    std::string path;
    std::string content;
};

struct Project {
    std::string language;
    std::string kind;
    std::vector<ProjectFile> files;
};

/// Errors: usage: no legal name (with the nearest legal one), an unknown kind or language, no such combination (with those there are), a vendor that
/// cannot stand in a manifest.
[[nodiscard]] Result<Project> make_project(const ProjectWish& wish);

/// "c: api-key, command; cpp: ..."
[[nodiscard]] std::string offered_templates();

}  // namespace qwen::host
