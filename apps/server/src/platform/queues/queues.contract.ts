import { eventually } from "@mn316-fleet/testkit";
import type { Queues } from "./queues";

type OpenQueues = Queues & { closeWorkers(): Promise<void>; close(): Promise<void> };

/** A store of queues under test, empty. */
export interface QueuesUnderTest {
  /** A process of the server with its own connections. */
  open(isWorker: boolean): Promise<OpenQueues>;
  /** Ends every connection at the store's side. */
  cutConnections(): Promise<void>;
  /** Finished jobs of the queue `dispatch` that are still kept. */
  kept(): Promise<{ completed: number; failed: number }>;
  remove(): Promise<void>;
}

/** What the server relies on of BullMQ, whatever stores the jobs; says at its end over what and how many cases it ran. */
export function queuesContract(store: string, make: () => Promise<QueuesUnderTest>): void {
  let cases = 0;
  let underTest: QueuesUnderTest;
  let opened: OpenQueues[] = [];
  const open = async (isWorker = true) => {
    const queues = await underTest.open(isWorker);
    opened.push(queues);
    return queues;
  };
  /** Starts a worker on `dispatch` that notes what it did. */
  const work = (queues: Queues, concurrency = 1) => {
    const done: unknown[] = [];
    queues.process<unknown>("dispatch", ({ data }) => Promise.resolve(void done.push(data)), { concurrency });
    return done;
  };
  const job = <T>(data: T, options = {}) => ({ name: "job", data, options });

  beforeEach(async () => {
    cases++;
    opened = [];
    underTest = await make();
  });
  afterEach(async () => {
    for (const queues of opened) await queues.close();
    await underTest.remove();
  });
  afterAll(() => {
    process.stderr.write(`queues.contract over ${store}: ${cases} cases\n`);
  });

  it("hands each job to one worker of all processes, in order", async () => {
    const [producer, first, second] = [await open(false), await open(), await open()];
    const numbers = Array.from({ length: 50 }, (_, index) => index);
    const [one, other] = [work(first), work(second)];
    await producer.add("dispatch", job(0));
    await producer.addBulk(
      "dispatch",
      numbers.slice(1).map((number) => job(number)),
    );
    await eventually(() => {
      expect(one.length + other.length).toBe(50);
    });
    expect([...one, ...other].sort((a, b) => Number(a) - Number(b))).toEqual(numbers);
    for (const done of [one, other]) expect(done).toEqual([...done].sort((a, b) => Number(a) - Number(b)));
  });

  it("starts no worker on a process that is none", async () => {
    const [producer, worker] = [await open(false), await open()];
    const never = work(producer);
    const done = work(worker);
    await producer.add("dispatch", job(1));
    await eventually(() => {
      expect(done).toEqual([1]);
    });
    expect(never).toEqual([]);
  });

  it("takes a job of the same id once while it waits, and again when it is done and removed", async () => {
    const queues = await open();
    const same = (data: string) => job(data, { jobId: "same", removeOnComplete: true });
    await queues.add("dispatch", same("first"));
    await queues.addBulk("dispatch", [same("second"), job("last"), same("third")]);
    const done = work(queues);
    await eventually(() => {
      expect(done).toEqual(["first", "last"]);
    });
    await eventually(async () => {
      await queues.add("dispatch", same("again"));
      expect(done).toContain("again");
    });
  });

  it("keeps a delayed job back until its time", async () => {
    const queues = await open();
    const done = work(queues);
    const addedAt = Date.now();
    await queues.addBulk("dispatch", [job("late", { delay: 700 }), job("now")]);
    await eventually(() => {
      expect(done).toEqual(["now", "late"]);
    });
    expect(Date.now() - addedAt).toBeGreaterThanOrEqual(690);
  });

  it("tries a job again that failed, later each time, and keeps the others going", async () => {
    const queues = await open();
    const times: number[] = [];
    const done: unknown[] = [];
    queues.process<string>("dispatch", ({ data }) => {
      if (data === "good") done.push(data);
      else if (times.push(Date.now()) < 3) return Promise.reject(new Error("not yet"));
      else done.push(data);
      return Promise.resolve();
    });
    await queues.add("dispatch", job("bad", { attempts: 3, backoff: { type: "exponential", delay: 200 } }));
    await queues.add("dispatch", job("good"));
    await eventually(() => {
      expect(done).toEqual(["good", "bad"]);
    });
    expect(times).toHaveLength(3);
    expect(times[1]! - times[0]!).toBeGreaterThanOrEqual(190);
    expect(times[2]! - times[1]!).toBeGreaterThanOrEqual(390);
  });

  it("gives a job up after its attempts", async () => {
    const queues = await open();
    let attempts = 0;
    queues.process("dispatch", () => Promise.reject(new Error(`never ${++attempts}`)));
    await queues.add("dispatch", job("bad", { attempts: 2, backoff: { type: "fixed", delay: 50 } }));
    await eventually(async () => {
      expect(await underTest.kept()).toEqual({ completed: 0, failed: 1 });
    });
    expect(attempts).toBe(2);
  });

  it("repeats a job, once however often and by whomever it is asked for", async () => {
    const [one, other] = [await open(), await open()];
    const times: number[] = [];
    for (const queues of [one, other])
      queues.process("maintenance", () => Promise.resolve(void times.push(Date.now())), { concurrency: 4 });
    for (const queues of [one, other, one]) await queues.every("maintenance", "sweep", 300);
    await eventually(() => {
      expect(times.length).toBeGreaterThanOrEqual(4);
    });
    const [first, last] = [times[0]!, times.at(-1)!];
    // The first run comes at once, the second at the next full interval.
    expect((last - first) / (times.length - 2)).toBeGreaterThan(200);
  });

  it("runs as many at once as it was told, and no more", async () => {
    const queues = await open();
    let active = 0;
    let most = 0;
    let done = 0;
    queues.process(
      "dispatch",
      async () => {
        most = Math.max(most, ++active);
        await new Promise((resolve) => setTimeout(resolve, 100));
        active--;
        done++;
      },
      { concurrency: 4 },
    );
    await queues.addBulk(
      "dispatch",
      Array.from({ length: 16 }, (_, index) => job(index)),
    );
    await eventually(() => {
      expect(done).toBe(16);
    });
    expect(most).toBe(4);
  });

  it("waits for its running jobs when it closes, and leaves the waiting ones to others", async () => {
    const [closing, next] = [await open(), await open()];
    let begun = 0;
    let ended = 0;
    closing.process("dispatch", async () => {
      begun++;
      await new Promise((resolve) => setTimeout(resolve, 300));
      ended++;
    });
    await closing.addBulk("dispatch", [job(1), job(2), job(3)]);
    await eventually(() => {
      expect(begun).toBe(1);
    });
    await closing.closeWorkers();
    expect(ended).toBe(begun);
    const done = work(next);
    await eventually(() => {
      expect(done).toHaveLength(3 - ended);
    });
  });

  it("keeps the last thousand finished jobs, and no more than those that ended at the same time", async () => {
    const queues = await open();
    const concurrency = 50;
    const done = work(queues, concurrency);
    await queues.addBulk(
      "dispatch",
      Array.from({ length: 1_100 }, (_, index) => job(index)),
    );
    await eventually(
      async () => {
        expect(done).toHaveLength(1_100);
        const { completed, failed } = await underTest.kept();
        expect(completed).toBeGreaterThanOrEqual(1_000);
        expect(completed).toBeLessThanOrEqual(1_000 + concurrency);
        expect(failed).toBe(0);
      },
      { timeoutMs: 20_000 },
    );
  });

  it("goes on by itself after its connections were cut, with what waited and with what is added then", async () => {
    const queues = await open();
    const done = new Set<unknown>();
    queues.process("dispatch", async ({ data }) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      done.add(data);
    });
    const before = ["a", "b", "c", "d", "e", "f"];
    await queues.addBulk(
      "dispatch",
      before.map((data) => job(data)),
    );
    await eventually(() => {
      expect(done.size).toBeGreaterThan(0);
    });
    await underTest.cutConnections();
    await eventually(() => queues.add("dispatch", job("after", { jobId: "after" })));
    await eventually(
      () => {
        expect([...done].sort()).toEqual([...before, "after"].sort());
      },
      { timeoutMs: 60_000 },
    );
  }, 90_000);
}
