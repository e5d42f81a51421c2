// One change stream: a snapshot, then whatever happens.

import { isUtf8 } from 'node:buffer';
import { once } from 'node:events';
import { watch as watchDirectory } from 'node:fs';
import fs from 'node:fs/promises';
import path from 'node:path';

import grpc from '@grpc/grpc-js';

import { Refusal } from './errors.js';
import { HIDDEN } from './folder.js';

const WINDOW = 16; // Batches that may wait for their acknowledgement.
const MOST = 500; // Items of a batch: with the longest paths still less than 3 MiB.
const BURST = 50; // Milliseconds: what happens at a path within them is looked at once.
const BEAT = 5_000; // Milliseconds between two signs of life; Onitu waits for 30 s.
const LISTING = 60_000; // Milliseconds between two listings of everything: Node does not say when events were lost.

const isDirectory = (seen) => seen.present?.kind === 'FILE_KIND_DIRECTORY';
const below = (directory, name) => (directory ? `${directory}/${name}` : name);

export class Watch {
  #isReady = false; // All fingerprints have come.
  #isOver = false;
  #acknowledged = 0;
  #wanted = new Map([['', true]]); // Directories to list; whether with everything below.
  #changed = new Set(); // Where something happened.
  #watchers = new Map(); // By directory.
  #batch = { observations: [], listings: [] };
  #batches = 0;
  #snapshot = 0;
  #snapshots = 0;
  #wake = () => {};

  constructor(call) {
    this.call = call;
    this.first = new Promise((resolve) => {
      call.on('data', (request) => {
        resolve(request.start);
        this.#hear(request);
      });
      call.on('end', () => {
        resolve(null);
        this.#hear({ fingerprints: { last: true }, acknowledgement: { batch: Infinity } }); // It will say no more.
      });
      call.on('cancelled', () => {
        resolve(null);
        this.end();
      });
    });
  }

  /** Returns how the stream is to begin. */
  started() {
    return this.first;
  }

  end() {
    this.#isOver = true;
    this.#wake();
  }

  #hear({ acknowledgement, fingerprints, rescan }) {
    if (acknowledgement) this.#acknowledged = Number(acknowledgement.batch);
    if (fingerprints) this.#isReady = fingerprints.last; // What is equal could be left out; here all is sent.
    for (const directory of rescan?.directories ?? []) {
      this.#wanted.set(directory, this.#wanted.get(directory) || rescan.recursive);
    }
    this.#wake();
  }

  /** Waits until something is so. */
  async #until(isSo) {
    while (!isSo()) {
      if (this.#isOver) throw new Refusal(grpc.status.ABORTED, 'the change stream was ended, by another one or by Close');
      await new Promise((resolve) => (this.#wake = resolve));
    }
  }

  async run(folder, live) {
    this.folder = folder;
    this.live = live;
    const timers = [];
    try {
      await this.#until(() => this.#isReady);
      if (live) {
        timers.push(setInterval(() => this.#beat().catch(() => this.end()), BEAT));
        timers.push(setInterval(() => this.#hear({ rescan: { directories: [''], recursive: true } }), LISTING));
      }
      for (;;) {
        await this.#tell();
        if (!live) return;
        await this.#until(() => this.#changed.size + this.#wanted.size > 0);
        let isQuiet = false;
        setTimeout(() => {
          isQuiet = true;
          this.#wake();
        }, BURST);
        await this.#until(() => isQuiet);
      }
    } finally {
      timers.forEach(clearInterval);
      for (const watcher of this.#watchers.values()) watcher.close();
    }
  }

  async #beat() {
    await this.#send({ heartbeat: {} });
  }

  /** Sends a message, if the root is there: without it the stream ends, and nothing is taken for deleted. */
  async #send(message) {
    this.folder.assertThere();
    if (!this.#isOver && !this.call.write(message)) {
      await Promise.race([once(this.call, 'drain'), this.#until(() => false)]);
    }
  }

  /** Reports what is where something happened, and takes a snapshot of what is to be listed. */
  async #tell() {
    const changed = [...this.#changed].sort();
    this.#changed.clear();
    for (const entry of changed) {
      const seen = this.folder.look(entry);
      if (isDirectory(seen) && !this.#watchers.has(entry)) this.#wanted.set(entry, true);
      this.#batch.observations.push(seen);
      await this.#flush(MOST);
    }
    await this.#flush(1);
    if (this.#wanted.size === 0) return;
    const wanted = [...this.#wanted].sort();
    this.#wanted.clear();
    this.#snapshot = ++this.#snapshots;
    await this.#send({ snapshot_begin: { snapshot: this.#snapshot, whole: wanted[0][0] === '' && wanted[0][1] } });
    for (const [directory, isRecursive] of wanted) await this.#list(directory, isRecursive);
    await this.#flush(1);
    await this.#send({ snapshot_end: { snapshot: this.#snapshot } });
    this.#snapshot = 0;
  }

  /** Sends what is in a directory, and then what is in those below, if that is wanted or they are new. */
  async #list(directory, isRecursive) {
    const listing = { path: directory, complete: true, observed_seq: this.folder.number() };
    const inner = [];
    try {
      await this.#entries(directory, inner);
    } catch (error) { // What is missing from it is not taken for deleted.
      if (this.#isOver) throw error;
      Object.assign(listing, { complete: false, reason: error.message || 'it cannot be listed' });
    }
    this.#batch.listings.push(listing);
    await this.#flush(MOST);
    for (const one of inner) {
      if (isRecursive || (this.live && !this.#watchers.has(one))) await this.#list(one, true);
    }
  }

  /** Sends what is in a directory, which is watched from here on, and notes the directories among it. */
  async #entries(directory, inner) {
    const place = directory ? this.folder.locate(directory) : this.folder.place;
    if (this.live) this.#watch(directory, place);
    for await (const { name } of await fs.opendir(place, { encoding: 'buffer' })) {
      if (!isUtf8(name)) throw new Error(`the name ${JSON.stringify(String(name))} is not UTF-8: rename it`);
      const entry = below(directory, String(name));
      if (entry === HIDDEN) continue;
      const seen = this.folder.look(entry);
      if (seen.absent) continue; // Gone since the directory was read.
      if (isDirectory(seen)) inner.push(entry);
      this.#batch.observations.push(seen);
      await this.#flush(MOST);
    }
  }

  #watch(directory, place) {
    this.#watchers.get(directory)?.close();
    const watcher = watchDirectory(place, (kind, name) => {
      const entry = below(directory, name ?? '');
      if (entry === HIDDEN || entry.startsWith(`${HIDDEN}/`) || !name) return;
      this.#changed.add(entry);
      if (kind === 'rename') this.#unwatch(entry);
      this.#wake();
    });
    watcher.on('error', () => this.#unwatch(directory));
    this.#watchers.set(directory, watcher);
  }

  /** Forgets a directory, which may be another one now, or have another name, and all below it. */
  #unwatch(entry) {
    for (const [directory, watcher] of this.#watchers) {
      if (directory === entry || directory.startsWith(`${entry}/`)) {
        watcher.close();
        this.#watchers.delete(directory);
      }
    }
  }

  /** Sends the batch if it has so many items. */
  async #flush(items) {
    const { observations, listings } = this.#batch;
    if (observations.length + listings.length < items) return;
    this.#batch = { observations: [], listings: [] };
    await this.#until(() => this.#batches < this.#acknowledged + WINDOW);
    await this.#send({ batch: { batch: ++this.#batches, snapshot: this.#snapshot, observations, listings } });
  }
}
