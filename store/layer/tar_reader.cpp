#include "store/layer/tar_reader.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <locale.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "store/hash.hpp"
#include "store/layer/entry_name.hpp"

namespace gantry::store {
namespace {

constexpr std::size_t buffer_bytes = 256 * 1024;
// libarchive keeps a sparse map whole in memory, so what one header may read is bounded.
constexpr std::uint64_t max_header_bytes = 4 << 20;
constexpr std::uint64_t no_limit = std::numeric_limits<std::uint64_t>::max();

struct free_archive {
  void operator()(archive* a) const { archive_read_free(a); }
};
struct free_entry {
  void operator()(archive_entry* e) const { archive_entry_free(e); }
};

// libarchive converts pax names from UTF-8 to the locale's charset, and normalises them where it can. In the "C" locale
// it can convert nothing but ASCII, says so in a warning, and keeps the original bytes, which are what is wanted.
// ("hdrcharset=BINARY" exists as a pax record alone, not as an option where libarchive is built with iconv.)
class c_locale {
public:
  c_locale() : before_(::uselocale(shared())) {}
  ~c_locale() { ::uselocale(before_); }
  c_locale(const c_locale&) = delete;
  c_locale& operator=(const c_locale&) = delete;

private:
  static locale_t shared() {
    static const locale_t c = ::newlocale(LC_ALL_MASK, "C", locale_t{});
    return c;
  }
  locale_t before_; // of this thread
};

bool is_charset_warning(const char* text) {
  return text != nullptr && std::string_view(text).find(" can't be converted from ") != std::string_view::npos;
}

std::string text_or_empty(const char* text) { return text == nullptr ? "" : text; }

// Up to its first entry with a link name, libarchive 3.6 loses link names that stand in pax records alone (as Go's
// writer leaves them for names without any ASCII). So the archive that it sees begins with an entry of our own.
std::size_t put_primer(std::vector<char>& block) {
  std::fill_n(block.begin(), 512, '\0');
  auto put = [&](std::size_t at, std::string_view text) { std::copy(text.begin(), text.end(), block.data() + at); };
  put(0, "primer");
  put(100, "0000777");
  put(156, "2primer"); // typeflag of a symlink, and its target
  put(257, "ustar");
  put(263, "00");
  put(148, "        ");
  unsigned sum = 0;
  for (std::size_t i = 0; i < 512; ++i) sum += static_cast<unsigned char>(block[i]);
  put(148, fmt::format("{:06o}", sum));
  block[154] = '\0';
  return 512;
}

std::optional<entry_kind> kind_of(archive_entry* e) {
  if (archive_entry_hardlink(e) != nullptr) return entry_kind::hardlink;
  switch (archive_entry_filetype(e)) {
  case AE_IFREG:
    return entry_kind::file;
  case AE_IFDIR:
    return entry_kind::folder;
  case AE_IFLNK:
    return entry_kind::symlink;
  case AE_IFCHR:
    return entry_kind::char_device;
  case AE_IFBLK:
    return entry_kind::block_device;
  case AE_IFIFO:
    return entry_kind::fifo;
  default:
    return std::nullopt;
  }
}

// (uid_t)-1 means "leave it" to chown(2), so it is no owner.
result<std::uint32_t> owner(std::int64_t id, const char* what) {
  if (id < 0 || id >= std::numeric_limits<std::uint32_t>::max())
    return fail(errc::corrupt, "its {} {} is out of range", what, id);
  return static_cast<std::uint32_t>(id);
}

result<dev_t> device_of(archive_entry* e) {
  // Linux holds 12 bits of major and 20 of minor number; mknod(2) would cut the rest off.
  auto major_number = archive_entry_rdevmajor(e), minor_number = archive_entry_rdevminor(e);
  if (major_number >= (1u << 12) || minor_number >= (1u << 20))
    return fail(errc::corrupt, "its device number {}:{} is out of range", major_number, minor_number);
  return makedev(static_cast<unsigned>(major_number), static_cast<unsigned>(minor_number));
}

result<timespec> mtime_of(archive_entry* e) {
  auto nanoseconds = archive_entry_mtime_nsec(e);
  if (nanoseconds < 0 || nanoseconds > 999'999'999) return fail(errc::corrupt, "its time stamp is malformed");
  return timespec{archive_entry_mtime(e), nanoseconds};
}

void take_xattrs(archive_entry* e, std::vector<xattr>& into) {
  into.clear();
  if (archive_entry_xattr_reset(e) == 0) return;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  while (archive_entry_xattr_next(e, &name, &value, &size) == ARCHIVE_OK && name != nullptr) {
    if (keep_xattr(name)) into.push_back({name, std::string(static_cast<const char*>(value), size)});
  }
}

result<void> take_target(archive_entry* e, tar_entry& into) {
  into.target.clear();
  if (into.kind == entry_kind::hardlink) into.target = text_or_empty(archive_entry_hardlink(e));
  if (into.kind == entry_kind::symlink) into.target = text_or_empty(archive_entry_symlink(e));
  if (into.kind == entry_kind::symlink && into.target.empty()) return fail(errc::corrupt, "the symlink has no target");
  return {};
}

result<void> convert(archive_entry* e, tar_entry& into) {
  auto kind = kind_of(e);
  if (!kind) return fail(errc::corrupt, "a layer cannot hold entries of this type");
  into.kind = *kind;
  auto size = archive_entry_size(e);
  if (size < 0) return fail(errc::corrupt, "its size is negative");
  into.size = static_cast<std::uint64_t>(size);
  into.attrs.mode = archive_entry_perm(e) & 07777;
  GANTRY_LET(into.attrs.uid, owner(archive_entry_uid(e), "user id"));
  GANTRY_LET(into.attrs.gid, owner(archive_entry_gid(e), "group id"));
  GANTRY_LET(into.attrs.mtime, mtime_of(e));
  into.device = 0;
  if (into.kind == entry_kind::char_device || into.kind == entry_kind::block_device) {
    GANTRY_LET(into.device, device_of(e));
  }
  take_xattrs(e, into.attrs.xattrs);
  return take_target(e, into);
}

} // namespace

struct tar_reader::state {
  byte_source& from;
  const std::function<bool()>& cancelled;
  std::uint64_t max_bytes;
  std::vector<char> buffer = std::vector<char>(buffer_bytes);
  hasher hash{};
  std::uint64_t total = 0, header_budget = no_limit;
  std::optional<error> failure{}; ///< why a read callback failed
  std::unique_ptr<archive, free_archive> reader{archive_read_new()};
  std::unique_ptr<archive_entry, free_entry> entry{archive_entry_new()};
  bool opened = false, primed = false;

  result<std::size_t> fill();
  tl::unexpected<error> why();
  result<void> open();
  result<void> skip();
};

namespace {

// libarchive's callback, also used for what follows the archive.
template<class State>
la_ssize_t read_callback(archive* a, void* data, const void** bytes) {
  auto& s = *static_cast<State*>(data);
  auto got = s.fill();
  *bytes = s.buffer.data();
  if (got) return static_cast<la_ssize_t>(*got);
  s.failure = std::move(got.error());
  archive_set_error(a, EIO, "%s", "the source failed");
  return -1;
}

} // namespace

result<std::size_t> tar_reader::state::fill() {
  if (!std::exchange(primed, true)) return put_primer(buffer);
  if (cancelled && cancelled()) return fail(errc::cancelled, "the extraction was cancelled");
  if (header_budget == 0) return fail(errc::corrupt, "a header is larger than {} bytes", max_header_bytes);
  GANTRY_LET(auto got, from.read(buffer));
  total += got;
  if (total > max_bytes) return fail(errc::exhausted, "it expands to more than the limit of {} bytes", max_bytes);
  if (header_budget != no_limit) header_budget -= std::min<std::uint64_t>(header_budget, got);
  hash.update(std::span(buffer.data(), got));
  return got;
}

tl::unexpected<error> tar_reader::state::why() {
  if (failure) return tl::unexpected<error>(*failure);
  const char* text = archive_error_string(reader.get());
  return fail(errc::corrupt, "the tar archive is damaged: {}", text == nullptr ? "unknown reason" : printable(text));
}

result<void> tar_reader::state::open() {
  opened = true;
  header_budget = max_header_bytes;
  auto* a = reader.get();
  if (a == nullptr || !entry) return fail(errc::exhausted, "no memory for a tar reader");
  archive_read_support_format_tar(a);
  if (archive_read_open2(a, this, nullptr, read_callback<state>, nullptr, nullptr) != ARCHIVE_OK) return why();
  if (archive_read_next_header2(a, entry.get()) != ARCHIVE_OK) return why(); // the primer
  return {};
}

result<void> tar_reader::state::skip() {
  header_budget = no_limit;
  if (archive_read_data_skip(reader.get()) < ARCHIVE_OK) return why();
  header_budget = max_header_bytes;
  return {};
}

tar_reader::tar_reader(byte_source& uncompressed, const std::function<bool()>& cancelled, std::uint64_t max_bytes)
    : state_(new state{.from = uncompressed, .cancelled = cancelled, .max_bytes = max_bytes}) {}
tar_reader::~tar_reader() = default;

result<bool> tar_reader::next(tar_entry& into) {
  auto& s = *state_;
  into.name.clear();
  const c_locale guard;
  GANTRY_TRY(s.opened ? s.skip() : s.open());
  auto status = archive_read_next_header2(s.reader.get(), s.entry.get());
  if (status == ARCHIVE_EOF) return false;
  if (status == ARCHIVE_FATAL || status == ARCHIVE_FAILED || status == ARCHIVE_RETRY) return s.why();
  into.name = text_or_empty(archive_entry_pathname(s.entry.get()));
  // A warning means that a part of the header was not understood: what tar would make of it is unknown.
  if (status != ARCHIVE_OK && !is_charset_warning(archive_error_string(s.reader.get()))) return s.why();
  if (into.name.empty()) return fail(errc::corrupt, "an entry has no name");
  GANTRY_TRY(convert(s.entry.get(), into));
  s.header_budget = no_limit;
  return true;
}

result<bool> tar_reader::next_block(block& into) {
  const void* bytes = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  auto status = archive_read_data_block(state_->reader.get(), &bytes, &size, &offset);
  if (status == ARCHIVE_EOF) return false;
  if (status != ARCHIVE_OK) return state_->why();
  into.bytes = std::span(static_cast<const char*>(bytes), size);
  into.offset = static_cast<std::uint64_t>(offset);
  return true;
}

result<digest> tar_reader::finish() {
  state_->header_budget = no_limit;
  for (;;) {
    GANTRY_LET(auto got, state_->fill());
    if (got == 0) return state_->hash.finish();
  }
}

} // namespace gantry::store
