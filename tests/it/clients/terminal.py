"""Runs a command in a terminal of its own, and does something once it has said something.

    terminal.py SAYS DOES COMMAND...

DOES is `hangup` (the terminal closes) or keys to press. Prints what the terminal showed, and at the
end `exit: N`, or `signal: N` for a process that a signal killed.
"""
import os
import pty
import select
import sys
import time

says, does, command = sys.argv[1], sys.argv[2], sys.argv[3:]
pid, terminal = pty.fork()
if pid == 0:
    os.execvpe(command[0], command, os.environ)

seen, done, end = b"", False, time.monotonic() + 60
while time.monotonic() < end and terminal >= 0:
    ready, _, _ = select.select([terminal], [], [], 0.2)
    if ready:
        try:
            read = os.read(terminal, 65536)
        except OSError:
            break
        if not read:
            break
        seen += read
    if not done and says.encode() in seen:
        done = True
        if does == "hangup":
            os.close(terminal)
            terminal = -1
        else:
            os.write(terminal, does.encode())

while time.monotonic() < end:
    gone, status = os.waitpid(pid, os.WNOHANG)
    if gone:
        break
    time.sleep(0.02)
else:
    os.kill(pid, 9)
    _, status = os.waitpid(pid, 0)
sys.stdout.write(seen.decode(errors="replace"))
code = os.waitstatus_to_exitcode(status)
print(f"\nexit: {code}" if code >= 0 else f"\nsignal: {-code}")
