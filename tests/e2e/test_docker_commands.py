"""What users of the stock docker client type, line by line: exit code and output as with dockerd.

A session is a text, one command a line. `$` begins a command; the lines below it say what it prints: each is a regular
expression that some line of its output must match whole. `?N` at a command's end is its exit code (else 0), `!` before a
line looks for it on stderr, `-` says that no line matches. {base} is the image; what is in backquotes is a command's output.
"""
import re
import shlex

from docker_client import DockerCase

LIFE = r"""
$ docker create --name one {base} sleep 1000
[0-9a-f]{{64}}
$ docker ps -a --format '{{{{.Names}}}} {{{{.State}}}} {{{{.Status}}}}'
one created Created
$ docker start one
one
$ docker start one
one
$ docker start none ?1
!Error( response from daemon)?: .*No such container: none
$ docker ps --format '{{{{.Names}}}} {{{{.Status}}}}'
one Up .*
$ docker pause one
one
$ docker pause one ?1
!.*already paused
$ docker ps --format '{{{{.Status}}}}'
Up .* \(Paused\)
$ docker exec one true ?1
!.*is paused.*
$ docker unpause one
one
$ docker unpause one ?1
!.*is not paused
$ docker kill -s NOPE one ?1
!.*[Ii]nvalid signal: NOPE
$ docker kill -s WINCH one
one
$ docker rename one two
$ docker rename two two ?1
!.*
$ docker inspect -f '{{{{.Name}}}}' two
/two
$ docker restart -t 0 two
two
$ docker rm two ?1
!.*(container|Container).*(running|Stop the container before).*
$ docker stop -t 0 two
two
$ docker stop two
two
$ docker wait two
137
$ docker inspect -f '{{{{.State.Status}}}} {{{{.State.ExitCode}}}} {{{{.State.Running}}}} {{{{.State.Pid}}}}' two
exited 137 false 0
$ docker kill two ?1
!.*is not running
$ docker exec two true ?1
!.*is not running
$ docker rm two
two
$ docker rm two ?1
!.*No such container: two
$ docker rm -f two ?0
$ docker create --name x {base} ?1
!.*Invalid container name \(x\).*
$ docker create --name dup {base} true
[0-9a-f]{{64}}
$ docker create --name dup {base} true ?1
!.*Conflict\. The container name "/dup" is already in use by container "?[0-9a-f]{{64}}"?.*
$ docker start -a dup
$ docker container prune -f
Deleted Containers:
[0-9a-f]{{64}}
Total reclaimed space: .*
$ docker ps -aq
-.+
"""

RUN = r"""
$ docker run --rm {base} echo hello
hello
$ docker run --rm {base} sh -c 'exit 7' ?7
$ docker run --rm {base} no-such-program ?127
!.*executable file not found.*
$ docker run --rm {base} /etc ?126
!.*(permission denied|is a directory).*
$ docker run --rm -e A=b -e C=d {base} sh -c 'echo $A$C'
bd
$ docker run --rm -w /var {base} pwd
/var
$ docker run --rm -u 1000:1000 {base} id -u
1000
$ docker run --rm -u user {base} id -un
user
$ docker run --rm -u nobody-here {base} true ?125
!.*unable to find user nobody-here.*
$ docker run --rm -h box {base} hostname
box
$ docker run --rm --entrypoint echo {base} instead
instead
$ docker run --rm --read-only {base} touch /x ?1
!.*Read-only file system
$ docker run --rm --tmpfs /t:size=1m {base} sh -c 'df /t | tail -1'
.* 1024 .*/t
$ docker run --rm -v vv:/v {base} sh -c 'echo kept > /v/x'
$ docker run --rm -v vv:/v:ro {base} cat /v/x
kept
$ docker run --rm -v vv:/v:ro {base} touch /v/y ?1
!.*Read-only file system
$ docker run --rm --mount type=volume,src=vv,dst=/m,readonly {base} cat /m/x
kept
$ docker run --rm --mount type=bind,src=/no/such,dst=/m {base} true ?125
!.*bind source path does not exist: /no/such
$ docker run --rm --cap-drop ALL {base} grep CapEff /proc/self/status
CapEff:\s+0000000000000000
$ docker run --rm --cap-add NO_SUCH {base} true ?125
!.*(unknown|invalid|Invalid).*NO_SUCH.*
$ docker run --rm --privileged {base} sh -c 'test -e /dev/kmsg && echo all'
all
$ docker run --rm --security-opt no-new-privileges {base} grep NoNewPrivs /proc/self/status
NoNewPrivs:\s+1
$ docker run --rm --pids-limit 50 {base} true
$ docker run --rm --memory 64m --cpus 0.5 {base} true
$ docker run --rm --memory 1k {base} true ?125
!.*(Minimum memory limit|minimum memory).*
$ docker run --rm --ulimit nofile=100:200 {base} sh -c 'ulimit -n'
100
$ docker run --rm --sysctl net.ipv4.ip_forward=1 {base} cat /proc/sys/net/ipv4/ip_forward
1
$ docker run --rm --shm-size 1m {base} sh -c 'df /dev/shm | tail -1'
.* 1024 .*
$ docker run --rm --network none {base} sh -c 'ls /sys/class/net'
lo
$ docker run --rm --network host {base} true
$ docker run --rm --network no-such {base} true ?125
!.*no-such.*
$ docker run --rm --add-host db:1.2.3.4 {base} grep db /etc/hosts
1\.2\.3\.4\s+db
$ docker run --rm --dns 9.9.9.9 {base} cat /etc/resolv.conf
nameserver 9\.9\.9\.9
$ docker run --rm -i {base} cat
$ docker run --rm -t {base} sh -c 'test -t 1 && echo terminal'
terminal\r?
$ docker run --rm --init {base} sh -c 'cat /proc/1/comm'
(docker-init|tini)
$ docker run --rm --pull never {base} true
$ docker run --rm --pull never no.such/image:1 true ?125
!.*No such image: no\.such/image:1.*
$ docker run --rm -d --ipc shareable --name bg {base} sleep 1000
[0-9a-f]{{64}}
$ docker run --rm --network container:bg {base} true
$ docker run --rm --pid container:bg {base} sh -c 'grep -c sleep /proc/1/cmdline'
1
$ docker run --rm --pid container:bg --ipc container:bg {base} true
$ docker run --rm --name bg {base} true ?125
!.*Conflict.*already in use.*
$ docker rm -f bg
bg
$ docker run --rm --restart always {base} true ?125
!.*[Cc]onflicting options.*
$ docker run --rm --log-driver no-such {base} true ?125
!.*no-such.*
$ docker run --rm --runtime no-such {base} true ?125
!.*(unknown|invalid).*runtime.*no-such.*
$ docker run --rm --cidfile /no/such/folder/id {base} true ?12[57]
!.*
$ docker volume rm vv
vv
"""

LISTS = r"""
$ docker run -d --name web --label tier=front --label app {base} sleep 1000
[0-9a-f]{{64}}
$ docker run -d --name db --label tier=back {base} sleep 1000
[0-9a-f]{{64}}
$ docker run --name done --label tier=front {base} sh -c 'exit 3' ?3
$ docker ps
CONTAINER ID\s+IMAGE\s+COMMAND\s+CREATED\s+STATUS\s+PORTS\s+NAMES
[0-9a-f]{{12}}\s+\S+\s+"sleep 1000"\s+.* ago\s+Up .*\s+web
$ docker ps --filter label=tier=front --format '{{{{.Names}}}}'
web
-db
$ docker ps -a --filter label=tier=front --format '{{{{.Names}}}}'
web
done
$ docker ps -a --filter label=app --format '{{{{.Names}}}}'
web
-done
$ docker ps --filter name=^db$ -q
[0-9a-f]{{12}}
$ docker ps -a --filter name=no-such -q
-.+
$ docker ps -a --filter status=exited --format '{{{{.Names}}}} {{{{.Status}}}}'
done Exited \(3\) .* ago
-web.*
$ docker ps -a --filter exited=3 --format '{{{{.Names}}}}'
done
$ docker ps -a --filter exited=4 --format '{{{{.Names}}}}'
-.+
$ docker ps -a --filter ancestor={base} --format '{{{{.Names}}}}'
web
db
done
$ docker ps -a --filter ancestor=no-such --format '{{{{.Names}}}}'
-.+
$ docker ps -a --filter since=web --format '{{{{.Names}}}}'
db
-web
$ docker ps -a --filter before=db --format '{{{{.Names}}}}'
web
-db
$ docker ps -a --filter network=bridge --format '{{{{.Names}}}}'
web
$ docker ps --filter status=nonsense ?1
!.*[Ii]nvalid filter 'status=nonsense'
$ docker ps --filter nonsense=1 ?1
!.*[Ii]nvalid filter '?nonsense'?
$ docker ps -l --format '{{{{.Names}}}}'
done
-web
$ docker ps -n 2 --format '{{{{.Names}}}}'
done
db
-web
$ docker ps --no-trunc -q
[0-9a-f]{{64}}
$ docker ps --format '{{{{json .}}}}'
\{{.*"Command":"\\"sleep 1000\\"".*"Names":"db".*
$ docker ps --format 'table {{{{.ID}}}}\t{{{{.Label "tier"}}}}'
CONTAINER ID\s+tier
[0-9a-f]{{12}}\s+back
$ docker ps --format '{{{{.Mounts}}}}|{{{{.LocalVolumes}}}}|{{{{.Networks}}}}'
\|0\|bridge
$ docker inspect web --format '{{{{.Config.Labels.tier}}}} {{{{.HostConfig.NetworkMode}}}} {{{{.State.Running}}}}'
front (bridge|default) true
$ docker inspect -f '{{{{.NetworkSettings.Networks.bridge.IPAddress}}}}' web
\d+\.\d+\.\d+\.\d+
$ docker inspect -f '{{{{json .Config.Cmd}}}} {{{{len .Id}}}} {{{{.Path}}}} {{{{index .Args 0}}}}' web
\["sleep","1000"\] 64 sleep 1000
$ docker inspect -f '{{{{.NoSuch}}}}' web ?1
!.*NoSuch.*
$ docker inspect nobody ?1
\[\]
!.*[Nn]o such object: nobody
$ docker inspect --type container {base} ?1
!.*No such container: .*
$ docker inspect --type image -f '{{{{.Os}}}} {{{{.Config.Env}}}}' {base}
linux \[PATH=/bin\]
$ docker port web
$ docker top web
UID\s+PID\s+PPID\s+C\s+STIME\s+TTY\s+TIME\s+CMD
.*sleep 1000
$ docker top done ?1
!.*is not running
$ docker stats --no-stream --format '{{{{.Name}}}} {{{{.PIDs}}}}' web
web 1
$ docker rm -f web db done
web
db
done
"""

LOGS = r"""
$ docker run --name talk {base} sh -c 'for i in 1 2 3; do echo out$i; echo err$i >&2; done'
out3
!err3
$ docker logs talk
out1
!err1
$ docker logs --tail 1 talk
!?(out|err)3
-out1
$ docker logs -n 0 talk
-.+
$ docker logs --tail all talk
out1
$ docker logs -t talk
\d\d\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{{9}}Z out1
$ docker logs --since 1h talk
out1
$ docker logs --since 2100-01-01 talk
-.+
$ docker logs --until 1h talk
-.+
$ docker logs --until 10m --since 20m talk
-.+
$ docker logs -f talk
out3
$ docker logs --details talk
.*out1
$ docker logs none ?1
!.*No such container: none
$ docker logs --since nonsense talk ?1
!.*nonsense.*
$ docker run --name quiet --log-driver none {base} echo unheard
unheard
$ docker logs quiet ?1
!.*configured logging driver does not support reading
$ docker rm talk quiet
talk
"""

EXEC = r"""
$ docker run -d --name box -e FROM=create -w /var {base} sleep 1000
[0-9a-f]{{64}}
$ docker exec box echo in
in
$ docker exec box sh -c 'echo to-err >&2; exit 9' ?9
!to-err
$ docker exec -e A=b box sh -c 'echo $A $FROM'
b create
$ docker exec -w /etc box pwd
/etc
$ docker exec box pwd
/var
$ docker exec -u user box id -un
user
$ docker exec -u 12:34 box id -g
34
$ docker exec -d box touch /made
$ docker exec -d box sh -c 'while ! test -e /go-on; do sleep 0.1; done; touch /went-on'
$ docker inspect -f '{{{{len .ExecIDs}}}}' box
1
$ docker exec box sh -c 'touch /go-on; while ! test -e /went-on; do sleep 0.1; done; sleep 0.5'
$ docker inspect -f '{{{{len .ExecIDs}}}}' box
0
$ docker exec -t box sh -c 'test -t 1 && echo terminal'
terminal\r?
$ docker exec --privileged box sh -c 'grep CapEff /proc/self/status'
CapEff:\s+0*[1-9a-f][0-9a-f]*ff
$ docker exec box no-such-program ?127
.*executable file not found.*
$ docker exec box /etc ?126
.*(permission denied|is a directory).*
$ docker exec none true ?1
!.*No such container: none
$ docker exec -w /no/such box true ?12[67]
.*(no such file|chdir).*
$ docker exec -u nobody-here box true ?126
!?.*unable to find user nobody-here.*
$ docker attach --no-stdin --sig-proxy=false none ?1
!.*[Nn]o such container: none
$ docker rm -f box
box
"""

IMAGES = r"""
$ docker pull -q {base}
{base}
$ docker pull {base}
Status: Image is up to date for {base}
$ docker images --format '{{{{.Repository}}}} {{{{.Tag}}}}'
.*/base latest
$ docker images -q
[0-9a-f]{{12}}
$ docker images --no-trunc -q
sha256:[0-9a-f]{{64}}
$ docker images --digests
REPOSITORY\s+TAG\s+DIGEST\s+IMAGE ID\s+CREATED\s+SIZE
.*sha256:[0-9a-f]{{64}}.*
$ docker images --filter reference='*/base' --format '{{{{.Tag}}}}'
latest
$ docker images --filter dangling=true -q
-.+
$ docker images --filter before={base} -q
-.+
$ docker images --filter since={base} -q
-.+
$ docker images --filter since=none-such ?1
!.*No such image: none-such.*
$ docker images --filter until=24h -q
[0-9a-f]{{12}}
$ docker images --filter until=2023-12-31T00:00:00Z -q
-.+
$ docker images --filter nonsense=1 ?1
!.*[Ii]nvalid filter.*
$ docker images no-such -q
-.+
$ docker image inspect {base} -f '{{{{.RepoTags}}}} {{{{.Architecture}}}}'
\[{base}\] \w+
$ docker image inspect none ?1
!.*No such image: none.*
$ docker history {base}
IMAGE\s+CREATED\s+CREATED BY\s+SIZE\s+COMMENT
.*layer 0.*
$ docker tag {base} mine:1
$ docker tag {base} other.example/deep/name:v2
$ docker tag none mine:2 ?1
!.*No such image: none.*
$ docker tag {base} UPPER ?1
!.*(invalid reference format|must be lowercase).*
$ docker images mine --format '{{{{.Repository}}}}:{{{{.Tag}}}}'
mine:1
$ docker run --rm mine:1 echo tagged
tagged
$ docker rmi mine:1
Untagged: mine:1
-Deleted.*
$ docker rmi mine:1 ?1
!.*No such image: mine:1.*
$ docker rmi other.example/deep/name:v2
Untagged: other\.example/deep/name:v2
$ docker run -d --name user {base} sleep 1000
[0-9a-f]{{64}}
$ docker rmi {base} ?1
!.*conflict: unable to remove repository reference.*container [0-9a-f]{{12}} is using its referenced image.*
$ docker rm -f user
user
$ docker pull {registry}/no-such:1 ?1
!.*(not found|manifest unknown).*
$ docker pull UPPER ?1
!.*(invalid reference format|must be lowercase).*
$ docker image prune -f
Total reclaimed space: .*
"""

VOLUMES = r"""
$ docker volume create data
data
$ docker volume create data
data
$ docker volume create --label keep=yes labelled
labelled
$ docker volume create
[0-9a-f]{{64}}
$ docker volume create ../bad ?1
!.*../bad.*includes invalid characters.*
$ docker volume create --driver no-such vol ?1
!.*no-such.*
$ docker volume ls
DRIVER\s+VOLUME NAME
local\s+data
$ docker volume ls -q --filter name=data
data
-labelled
$ docker volume ls -q --filter label=keep=yes
labelled
-data
$ docker volume ls -q --filter dangling=true
data
$ docker volume ls --filter nonsense=1 ?1
!.*[Ii]nvalid filter.*
$ docker volume ls --format '{{{{.Name}}}} {{{{.Driver}}}} {{{{.Scope}}}}'
data local local
$ docker volume inspect data -f '{{{{.Name}}}} {{{{.Driver}}}} {{{{.Mountpoint}}}}'
data local /.*/volumes/data/_data
$ docker volume inspect none ?1
!.*no such volume
$ docker create --name holder -v data:/d {base} true
[0-9a-f]{{64}}
$ docker volume rm data ?1
!.*volume is in use.*[0-9a-f]{{64}}.*
$ docker ps -a --filter volume=data --format '{{{{.Names}}}}'
holder
$ docker rm -v holder
holder
$ docker volume rm data labelled
data
labelled
$ docker volume rm none ?1
!.*no such volume.*
$ docker volume rm -f none
$ docker volume prune -f
Deleted Volumes:
[0-9a-f]{{64}}
Total reclaimed space: .*
"""

SIZES = r"""
$ docker run --name writer -v data:/data {base} sh -c 'head -c 3000000 /dev/zero > /f; head -c 5000000 /dev/zero > /data/f'
$ docker ps -a -s --format '{{{{.Names}}}} {{{{.Size}}}}'
writer 3(\.\d+)?MB \(virtual \d+(\.\d+)?MB\)
$ docker inspect -s -f '{{{{.SizeRw}}}}' writer
(29|30)\d{{5}}
$ docker system df
Images\s+1\s+1\s+.*
Containers\s+1\s+0\s+3(\.\d+)?MB\s+3(\.\d+)?MB \(100%\)
Local Volumes\s+1\s+1\s+5(\.\d+)?MB\s+0B \(0%\)
$ docker container prune -f
Deleted Containers:
Total reclaimed space: 3(\.\d+)?MB
$ docker system df -v
data\s+0\s+5(\.\d+)?MB
$ docker volume rm data
data
"""

SYSTEM = r"""
$ docker version --format '{{{{.Server.Os}}}} {{{{.Server.APIVersion}}}} {{{{.Server.MinAPIVersion}}}}'
linux 1\.\d+ 1\.24
$ docker info --format '{{{{.OSType}}}} {{{{.Containers}}}} {{{{.Driver}}}} {{{{.LiveRestoreEnabled}}}}'
linux 0 overlayfs true
$ docker info
 Server Version: .*
 Swarm: inactive
$ docker system df
TYPE\s+TOTAL\s+ACTIVE\s+SIZE\s+RECLAIMABLE
Images\s+1\s+0\s+.*
$ docker network ls
NETWORK ID\s+NAME\s+DRIVER\s+SCOPE
[0-9a-f]{{12}}\s+bridge\s+bridge\s+local
[0-9a-f]{{12}}\s+host\s+host\s+local
[0-9a-f]{{12}}\s+none\s+null\s+local
$ docker network inspect bridge -f '{{{{.Name}}}} {{{{.Driver}}}} {{{{.Scope}}}}'
bridge bridge local
$ docker network inspect none-such ?1
!.*network none-such not found
$ docker events --since 1h --until 0s --filter type=image --format '{{{{.Action}}}}'
pull
$ docker swarm init ?1
!.*
$ docker node ls ?1
!.*[Tt]his node is not a swarm manager.*
$ docker service ls ?1
!.*[Tt]his node is not a swarm manager.*
$ docker secret ls ?1
!.*[Tt]his node is not a swarm manager.*
$ docker plugin inspect none ?1
!.*plugin "none" not found
$ docker secret inspect none ?1
!.*[Tt]his node is not a swarm manager.*
$ docker plugin ls
ID\s+NAME\s+DESCRIPTION\s+ENABLED
$ docker search nothing ?1
!.*
$ docker login -u me -p secret {registry} ?[01]
$ docker no-such-command ?1
!.*(is not a docker command|unknown command).*
"""


def steps(session, **names):
    """(command, exit code pattern, lines that are expected)."""
    found = []
    for line in session.format(**names).strip().split("\n"):
        if line.startswith("$ "):
            command, _, code = line[2:].rpartition(" ?")
            if not re.fullmatch(r"[0-9\[\]]+", code) or not command:
                command, code = line[2:], "0"
            found.append((command, code, []))
        else:
            found[-1][2].append(line)
    return found


class DockerCommands(DockerCase):
    def check(self, command, code, expected):
        done = self.d(*shlex.split(command)[1:])
        shown = f"{command}\nexit {done.returncode}\n--- stdout\n{done.stdout}--- stderr\n{done.stderr}"
        self.assertRegex(str(done.returncode), f"^{code}$", shown)
        out, err = done.stdout.split("\n"), done.stderr.split("\n")
        for line in expected:
            if line.startswith("-"):
                self.assertFalse([one for one in out if one and re.fullmatch(line[1:], one)], f"{line}\n{shown}")
            elif line.startswith("!?"):
                self.assertTrue([one for one in out + err if re.fullmatch(line[2:], one)], f"{line}\n{shown}")
            elif line.startswith("!"):
                self.assertTrue([one for one in err if re.fullmatch(line[1:], one)], f"{line}\n{shown}")
            else:
                self.assertTrue([one for one in out if re.fullmatch(line, one)], f"{line}\n{shown}")

    def session_of(self, text):
        for command, code, expected in steps(text, base=self.base, registry=self.session.registry.address):
            with self.subTest(command):
                self.check(command, code, expected)

    def test_life(self):
        self.session_of(LIFE)

    def test_run(self):
        self.session_of(RUN)

    def test_lists(self):
        self.session_of(LISTS)

    def test_logs(self):
        self.session_of(LOGS)

    def test_exec(self):
        self.session_of(EXEC)

    def test_images(self):
        self.session_of(IMAGES)

    def test_volumes(self):
        self.session_of(VOLUMES)

    def test_sizes(self):
        self.session_of(SIZES)

    def test_system(self):
        self.session_of(SYSTEM)

    def test_the_sessions_are_long(self):
        texts = (LIFE, RUN, LISTS, LOGS, EXEC, IMAGES, VOLUMES, SIZES, SYSTEM)
        self.assertGreaterEqual(sum(len(steps(text, base="b", registry="r")) for text in texts), 100)
