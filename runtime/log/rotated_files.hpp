#pragma once

#include <string>

#include "messages/domain/error.hpp"

/// The files of one log: <path>, which is being written, and those that rotation has put aside: <path>.1, the newest of
/// them, <path>.2 and so on, or the same compressed, <path>.1.gz. Where both are there, the plain one counts: the other
/// was left half-made by a crash. All block on the disk; they may be called on different threads.
namespace gantry::log {

/// <path> for 0.
std::string rotated_name(const std::string& path, int index);

/// Each file moves one further, the oldest of `max_files` (at least 2) is removed, and <path> is free. Errors: the
/// errno's.
result<void> put_aside(const std::string& path, int max_files);

/// Compresses those that were put aside plain, while they may be moved on. A file keeps its time of modification, by
/// which, and by its size, readers know it again. Errors: the errno's; such a file stays plain.
result<void> compress_put_aside(const std::string& path, int max_files);

} // namespace gantry::log
