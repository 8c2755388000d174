#include "runtime/native/terminal.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "runtime/native/mount_flags.hpp"
#include "runtime/native/root_tree.hpp"

namespace gantry::native {

result<terminal_pair> open_terminal(const sys::rooted_dir& root, const process_plan& plan) {
  terminal_pair pair;
  // "/dev/ptmx" may be anything; a devpts' own multiplexer opens terminals of that devpts alone.
  GANTRY_LET(pair.master, root.open_at("/dev/pts/ptmx", O_RDWR | O_NOCTTY));
  struct statfs fs {};
  if (::fstatfs(pair.master.get(), &fs) != 0 || fs.f_type != devpts_magic)
    return fail(errc::failed_precondition, "/dev/pts is not a devpts: a terminal needs one");
  int unlocked = 0;
  if (::ioctl(pair.master.get(), TIOCSPTLCK, &unlocked) != 0) return fail_errno(errno, "unlock the terminal");
  pair.slave.reset(::ioctl(pair.master.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
  if (!pair.slave) return fail_errno(errno, "open the terminal");
  if (plan.rows != 0 || plan.columns != 0) {
    const winsize size{plan.rows, plan.columns, 0, 0};
    if (::ioctl(pair.master.get(), TIOCSWINSZ, &size) != 0) return fail_errno(errno, "set the terminal's size");
  }
  return pair;
}

result<void> send_master(int socket, int master) {
  char name[] = "/dev/ptmx";
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  iovec part{name, sizeof name - 1};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  auto* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  std::memcpy(CMSG_DATA(header), &master, sizeof master);
  if (::sendmsg(socket, &message, MSG_NOSIGNAL) < 0) return fail_errno(errno, "send the terminal's master");
  return {};
}

result<void> take_terminal(int slave) {
  if (::ioctl(slave, TIOCSCTTY, 0) != 0) return fail_errno(errno, "take the terminal");
  for (int fd = 0; fd < 3; ++fd)
    if (::dup2(slave, fd) < 0) return fail_errno(errno, "dup the terminal");
  return {};
}

result<void> add_console(const sys::rooted_dir& root, int slave) {
  const sys::unique_fd copy(::open_tree(slave, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH));
  if (!copy) return fail_errno(errno, "bind the console");
  // A link of the image's could have the terminal cover a file of /proc (CVE-2025-52565).
  auto target = root.open_at("/dev/console", O_PATH | O_NOFOLLOW);
  if (!target && target.error().os_errno == ENOENT) target = open_or_make(root, "/dev/console", missing::file);
  if (!target) return tl::unexpected<error>(target.error());
  struct stat status {};
  if (::fstat(target->get(), &status) != 0) return fail_errno(errno, "stat /dev/console");
  if (S_ISLNK(status.st_mode)) return fail(errc::invalid_argument, "/dev/console is a link: no terminal is put there");
  return attach(copy.get(), target->get(), "/dev/console");
}

} // namespace gantry::native
