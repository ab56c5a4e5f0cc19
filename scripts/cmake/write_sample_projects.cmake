# Writes the source that holds the SDK's samples.  cmake -DOUTPUT=... -DSAMPLES=directory -P write_sample_projects.cmake
file(GLOB projects RELATIVE ${SAMPLES} ${SAMPLES}/*)
list(SORT projects)
set(tables "")
set(rows "")
foreach(project IN LISTS projects)
    file(GLOB_RECURSE files RELATIVE ${SAMPLES}/${project} ${SAMPLES}/${project}/*)
    list(FILTER files EXCLUDE REGEX "^build/")
    list(SORT files)
    string(APPEND tables "constexpr SampleFile ${project}_files[] = {\n")
    foreach(path IN LISTS files)
        file(READ ${SAMPLES}/${project}/${path} content)
        string(APPEND tables "    {\"${path}\", R\"__sample__(${content})__sample__\"},\n")
    endforeach()
    string(APPEND tables "};\n")
    string(APPEND rows "    {\"${project}\", ${project}_files},\n")
endforeach()
file(WRITE ${OUTPUT} "// Made by scripts/cmake/write_sample_projects.cmake; do not edit.
#include \"host/commands/sample_projects.hpp\"

namespace qwen::host {
namespace {

${tables}
constexpr SampleProject kProjects[] = {
${rows}};

}  // namespace

std::span<const SampleProject> sample_projects() { return kProjects; }

}  // namespace qwen::host
")
