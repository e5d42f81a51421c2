// The calls of Onitu. What this class does not have answers UNIMPLEMENTED.

import { once } from 'node:events';
import fs from 'node:fs/promises';
import path from 'node:path';

import grpc from '@grpc/grpc-js';
import { createBLAKE3 } from 'hash-wasm';

import { Refusal } from './errors.js';
import { Folder, STAGING, check, isMissing } from './folder.js';
import { Watch } from './watch.js';

const { status } = grpc;

const CAPABILITIES = {
  watch: true, whole_files: true, staging: true, stat_files: true, computed_digests: ['blake3'],
  mtime_precision_ns: 1_000_000, make_directory: true, delete_file: true, move_file: true, move_directory: true,
  native_ids: true, sync: true, conditional: 'CONDITIONAL_BEST_EFFORT',
};

export class Driver {
  generation = 0;
  folders = new Map();
  #number = 0n;

  async GetManifest() {
    const root = { key: 'root', name: 'Root', description: 'The directory to keep in sync', type: 'OPTION_TYPE_STRING' };
    return {
      manifest: {
        name: 'shelf', description: 'Files in a directory of this machine', options: [root],
        capabilities: CAPABILITIES, limits: { max_whole_file: String(2n ** 62n) },
      },
    };
  }

  async Configure({ options, generation, folders }) {
    const given = options?.fields ?? {};
    const unknown = Object.keys(given).find((key) => key !== 'root');
    if (unknown !== undefined) throw new Refusal(status.INVALID_ARGUMENT, `Unknown option '${unknown}'`);
    if (!given.root?.stringValue) {
      throw new Refusal(status.INVALID_ARGUMENT, "the option 'root' must be the path of a directory");
    }
    if (Number(generation) <= this.generation) {
      throw new Refusal(status.FAILED_PRECONDITION, `generation ${this.generation} is served already`);
    }
    this.generation = Number(generation);
    this.#number = BigInt(generation) << 40n;
    this.folders.clear();
    const reports = [];
    for (const mapping of folders) {
      const place = path.resolve(given.root.stringValue, mapping.path);
      const folder = new Folder(mapping, place, () => String(++this.#number));
      this.folders.set(mapping.name, folder);
      reports.push(await folder.open());
    }
    return { capabilities: CAPABILITIES, folders: reports };
  }

  #folder(name) {
    const folder = this.folders.get(name);
    if (!folder) throw new Refusal(status.NOT_FOUND, `no folder ${JSON.stringify(name)} is configured`);
    folder.assertThere();
    return folder;
  }

  /** Does something with entries of a folder, and says what the last of them is then. */
  async #change(name, entries, act) {
    const folder = this.#folder(name);
    if (!folder.isWritable) throw new Refusal(status.PERMISSION_DENIED, `nothing may be written in the folder ${name}`);
    entries.forEach(check);
    await act(folder);
    return { observation: folder.look(entries.at(-1)) };
  }

  async StatFiles({ folder: name, paths, digest_algorithm: algorithm }) {
    const folder = this.#folder(name);
    paths.forEach(check);
    const observations = [];
    for (const entry of paths) {
      const seen = folder.look(entry);
      if (algorithm === 'blake3' && seen.present?.kind === 'FILE_KIND_FILE') {
        try {
          const hasher = await createBLAKE3();
          for await (const piece of folder.read(entry, seen.present.revision)) hasher.update(piece);
          seen.present.digests = [{ algorithm, value: hasher.digest('binary') }];
        } catch (error) {
          if (!(error instanceof Refusal) && !isMissing(error)) throw error; // Else it changes, and has none now.
        }
      }
      observations.push(seen);
    }
    return { observations };
  }

  async GetFile(call) {
    const { folder: name, path: entry, revision: wanted, offset } = call.request;
    const folder = this.#folder(name);
    const cancelled = new AbortController();
    call.once('cancelled', () => cancelled.abort());
    for await (const data of folder.read(entry, wanted, Number(offset))) {
      if (!call.write({ data })) await once(call, 'drain', { signal: cancelled.signal });
    }
  }

  async UploadFile(call) {
    call.once('cancelled', () => call.destroy());
    const messages = call[Symbol.asyncIterator]();
    const { value: first } = await messages.next();
    const upload = first?.start?.upload;
    return this.#change(first?.start?.folder ?? '', [upload?.path ?? ''], async (folder) => {
      const staged = path.join(folder.place, STAGING, folder.number());
      const file = await fs.open(staged, 'wx', 0o644);
      try {
        await this.#receive(messages, upload, file);
        await folder.exclusively(() => folder.publish(staged, upload));
      } finally {
        await file.close();
        await fs.rm(staged, { force: true }); // Unless it has another name by now.
      }
    });
  }

  /** Writes what comes, which must be what was announced. */
  async #receive(messages, { size, digest, attributes }, file) {
    const hasher = await createBLAKE3();
    let count = 0;
    for await (const { data } of { [Symbol.asyncIterator]: () => messages }) {
      hasher.update(data);
      count += data.length;
      await file.writeFile(data);
    }
    const wanted = digest?.algorithm === 'blake3' ? digest.value : null;
    if (count !== Number(size) || (wanted && !wanted.equals(hasher.digest('binary')))) {
      throw new Refusal(status.DATA_LOSS, `${count} bytes came, not the ${size} that were announced`);
    }
    if (attributes?.mtime_ns !== undefined) {
      const seconds = Number(attributes.mtime_ns) / 1e9;
      await file.utimes(seconds, seconds);
    }
  }

  async MakeDirectory({ folder: name, directory_creation: creation }) {
    const entry = creation?.path ?? '';
    return this.#change(name, [entry], async (folder) => {
      const place = folder.locate(entry);
      await fs.mkdir(place);
      folder.changed(place);
    });
  }

  async DeleteFile({ folder: name, deletion }) {
    const entry = deletion?.path ?? '';
    return this.#change(name, [entry], (folder) => folder.exclusively(async () => {
      const info = folder.expect(entry, deletion.expectation);
      const place = folder.locate(entry);
      await (info?.isDirectory() ? fs.rmdir(place) : fs.unlink(place));
      folder.changed(place);
    }));
  }

  async MoveFile({ folder: name, move }) {
    const [entry, destination] = [move?.path ?? '', move?.destination ?? ''];
    return this.#change(name, [entry, destination], (folder) => folder.exclusively(async () => {
      const info = folder.expect(entry, move.expectation);
      const [from, to] = [folder.locate(entry), folder.locate(destination)];
      const taken = folder.find(destination);
      const isSame = taken?.ino === info?.ino && entry.toLowerCase() === destination.toLowerCase();
      if (taken && !isSame) throw new Refusal(status.FAILED_PRECONDITION, `${destination}: something is there`);
      await fs.rename(from, to);
      folder.changed(from, to);
    }));
  }

  async Sync({ folder: name }) {
    const folder = this.#folder(name);
    const places = folder.unsynced;
    folder.unsynced = new Set();
    for (const place of places) {
      const file = await fs.open(place, 'r').catch(() => null); // It may have gone, or have another name.
      await file?.sync().finally(() => file.close());
    }
    return {};
  }

  async Close() {
    for (const folder of this.folders.values()) folder.watch?.end();
    return {};
  }

  async WatchChanges(call) {
    const watch = new Watch(call);
    const start = await watch.started();
    if (!start) throw new Refusal(status.INVALID_ARGUMENT, 'a change stream begins with its start');
    const folder = this.#folder(start.folder);
    if (start.cursor !== undefined) {
      throw new Refusal(status.OUT_OF_RANGE, 'this driver keeps no place in a stream of changes');
    }
    if (!call.cancelled) { // One that was cancelled already ends nobody.
      folder.watch?.end();
      folder.watch = watch;
    }
    await watch.run(folder, start.live);
  }
}
