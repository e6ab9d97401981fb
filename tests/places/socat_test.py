#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The recipes for TCP connections, on the loopback interface."""
import os
import re
import signal
import socket
import struct
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / 'support'))
from pipeline import Outcome, main, sums  # noqa: E402
from recipes import RecipeTest, needs  # noqa: E402

MANY = b'1\n' * 1000000  # the sums are more than a connection keeps to itself


def reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    connection.close()


@needs('socat', package='socat')
class SocatTest(RecipeTest):
    def setUp(self):
        super().setUp()
        self.env['host'] = '127.0.0.1'

    def start_connected(self, script):
        """A run that connects to a port, and the other end of this connection."""
        with socket.create_server(('127.0.0.1', 0)) as server:
            self.env['port'] = str(server.getsockname()[1])
            run = self.start_shell(script)
            connection, _ = server.accept()
        self.addCleanup(connection.close)
        return run, connection

    def start_service(self, title):
        self.env['port'] = str(self.free_port())
        service = self.start_shell(self.recipe(title, 'there'))
        self.until_listening(self.env['port'])
        return service

    def assert_slow_service_is_waited_for(self, title):
        """For longer than socat waits by default, after the last row has been sent."""
        service = self.start_service(title)
        os.kill(service.pid, signal.SIGSTOP)
        self.file('in.csv', b'1\n2\n')
        client = self.start_shell(self.recipe(title, 'here'))
        time.sleep(1)
        os.kill(service.pid, signal.SIGCONT)
        self.assertEqual(client.finish(), Outcome(b'', '', 0))
        self.assertEqual((self.work / 'sums.csv').read_bytes(), b'0,1\n1,2\n')
        self.end_service(service)

    def end_service(self, service):
        service.members[0].terminate()
        service.finish()


class RowsTest(SocatTest):
    TITLE = 'Rows from a connection'

    def test_rows(self):
        run, connection = self.start_connected(self.recipe(self.TITLE))
        connection.sendall(b'1,2\n' * 10000)
        connection.close()
        self.assertEqual(run.finish(), Outcome(b'', '', 0))
        self.assertEqual((self.work / 'sums.csv').read_bytes(), sums(b'1,2\n' * 10000))

    def test_rows_from_a_peer_that_connects(self):
        self.env['port'] = str(self.free_port())
        listening = self.recipe(self.TITLE).replace('"TCP:$host:$port"', '"TCP-LISTEN:$port,bind=$host,reuseaddr"')
        run = self.start_shell(listening)
        self.file('in.csv', b'1\n2\n')
        self.until_listening(self.env['port'])
        self.assertEqual(self.shell('socat -u OPEN:in.csv "TCP:$host:$port"'), Outcome(b'', '', 0))
        self.assertEqual(run.finish(), Outcome(b'', '', 0))
        self.assertEqual((self.work / 'sums.csv').read_bytes(), b'0,1\n1,2\n')

    def test_keepalive(self):
        """The system asks a peer that sends nothing."""
        with_option = self.recipe(self.TITLE).replace('$port"', '$port,keepalive,keepidle=60"')
        run, connection = self.start_connected(with_option)
        port = connection.getpeername()[1]
        has_timer = re.compile(rf'^ *\d+: \w+:{port:04X} \w+:{int(self.env["port"]):04X} 01 \w+:\w+ 02:', re.M)
        self.until(lambda: has_timer.search(Path('/proc/net/tcp').read_text()), 'the peer is never asked')
        connection.close()
        self.assertEqual(run.finish(), Outcome(b'', '', 0))

    def test_reset(self):
        self.file('sums.csv', b'old\n')
        run, connection = self.start_connected(self.recipe(self.TITLE))
        connection.sendall(b'1,2\n3,4')
        reset(connection)
        self.assertEqual(run.finish(), Outcome(b'', 'p1_read: standard input: Connection reset by peer\n', 74))
        self.assertEqual((self.work / 'sums.csv').read_bytes(), b'old\n')

    def test_end_in_a_row(self):
        """Nobody can see that it is one."""
        run, connection = self.start_connected(self.recipe(self.TITLE))
        connection.sendall(b'1,2\n3,4')
        connection.close()
        self.assertEqual(run.finish(), Outcome(b'', '', 0))
        self.assertEqual((self.work / 'sums.csv').read_bytes(), b'0,3\n1,7\n')

    def test_socat_that_copies_hides_a_reset(self):
        run, connection = self.start_connected('set -o pipefail; socat -u "TCP:$host:$port" - | run_pipeline.sh')
        connection.sendall(b'1,2\n')
        self.assertEqual(run.read_line(), b'0,3\n')
        reset(connection)
        self.assertEqual(run.finish(), Outcome(b'', '', 0))


class SumsTest(SocatTest):
    TITLE = 'Sums to a connection'

    def test_sums(self):
        self.file('in.csv', MANY)
        run, connection = self.start_connected(self.recipe(self.TITLE))
        with connection.makefile('rb') as received:
            self.assertTrue(received.read() == sums(MANY))
        self.assertEqual(run.finish(), Outcome(b'', '', 0))

    def test_peer_closes(self):
        self.file('in.csv', MANY)
        for close in socket.socket.close, reset:
            run, connection = self.start_connected(self.recipe(self.TITLE))
            self.assertEqual(connection.recv(4), b'0,1\n')
            close(connection)
            self.assertEqual(run.finish()[1:], ('', 141))

    def test_peer_closes_after_it_was_sent(self):
        """The system has taken the sums, and that is all that can be seen here."""
        self.file('in.csv', b'1\n')
        run, connection = self.start_connected(self.recipe(self.TITLE))
        self.assertEqual(run.finish(), Outcome(b'', '', 0))
        reset(connection)


class ServiceTest(SocatTest):
    TITLE = 'Rows and sums on one connection'

    def test_clients(self):
        service = self.start_service(self.TITLE)
        for data in b'1,2\n3,4\n', MANY:
            self.file('in.csv', data)
            self.assertEqual(self.shell(self.recipe(self.TITLE, 'here')), Outcome(b'', '', 0))
            self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(data))
        self.end_service(service)

    def test_slow_service(self):
        self.assert_slow_service_is_waited_for(self.TITLE)

    def test_client_does_not_learn_of_a_failure(self):
        service = self.start_service(self.TITLE)
        self.file('in.csv', b'1\nx\n2\n')
        self.assertEqual(self.shell(self.recipe(self.TITLE, 'here')), Outcome(b'', '', 0))
        self.assertEqual((self.work / 'sums.csv').read_bytes(), b'0,1\n')
        self.assertIn("'x' is not an integer\n", service.errors())
        self.end_service(service)


class WorkerTest(SocatTest):
    TITLE = 'A worker behind a connection'

    def test_sums(self):
        service = self.start_service(self.TITLE)
        self.file('in.csv', MANY)
        self.assertEqual(self.shell(self.recipe(self.TITLE, 'here')), Outcome(b'', '', 0))
        self.assertTrue((self.work / 'sums.csv').read_bytes() == sums(MANY))
        self.end_service(service)

    def test_slow_worker(self):
        self.assert_slow_service_is_waited_for(self.TITLE)

    def test_worker_is_killed(self):
        service = self.start_service(self.TITLE)
        fifo = self.fifo('in.csv')
        self.file('sums.csv', b'old\n')
        run = self.start_shell(self.recipe(self.TITLE, 'here'))
        with open(fifo, 'wb', buffering=0) as rows:
            rows.write(b'1\n')
            [worker] = self.until(self.workers, 'no worker')
            os.kill(worker, signal.SIGKILL)
            self.until(lambda: 'the stream ended early' in run.errors(), 'p3_write waits, as p1_read does')
        self.assertEqual(run.finish().status, 69)
        self.assertEqual((self.work / 'sums.csv').read_bytes(), b'old\n')
        self.end_service(service)

    def workers(self):
        """What the service has become for its connections."""
        return [pid for pid in self.processes('p2_sum') if Path(f'/proc/{pid}/comm').read_text() == 'p2_sum\n']


if __name__ == '__main__':
    main()
