import { QueryClient, QueryObserver } from "@tanstack/react-query";
import { afterEach, expect, it } from "vitest";
import { keepWithin } from "./keeping";

const client = new QueryClient();
let stop = () => {};

afterEach(() => {
  stop();
  client.clear();
});

const settled = () => new Promise((done) => setTimeout(done, 5)); // and the clock has gone on
const pixelsOf = (uid: string) => ["pixels", uid, `${uid}.1`];

async function see(uid: string, bytes = 1000): Promise<void> {
  for (const [queryKey, data] of [
    [["study", uid], { uid }],
    [pixelsOf(uid), new Uint8Array(bytes)],
  ] as const) {
    client.setQueryData<unknown>(queryKey, data);
    new QueryObserver(client, { queryKey, enabled: false }).subscribe(() => undefined)();
  }
  await settled();
}

const known = () =>
  client
    .getQueryCache()
    .findAll({ queryKey: ["pixels"] })
    .map(({ queryKey }) => queryKey[1]);

it("keeps the pixels that were seen last, within the bytes", async () => {
  stop = keepWithin(client, { studies: 100, bytes: 3000 });
  for (const uid of ["1", "2", "3"]) await see(uid);
  expect(known()).toEqual(["1", "2", "3"]);
  await see("4");
  expect(known()).toEqual(["2", "3", "4"]);
  await see("2");
  await see("5");
  expect(known()).toEqual(["2", "4", "5"]);
});

it("forgets all of a study that is not among the last", async () => {
  stop = keepWithin(client, { studies: 2, bytes: 1e9 });
  for (const uid of ["1", "2", "3"]) await see(uid);
  expect(client.getQueryData(["study", "1"])).toBeUndefined();
  expect(client.getQueryData(["study", "2"])).toEqual({ uid: "2" });
  expect(known()).toEqual(["2", "3"]);
});

it("never forgets what is on the screen, nor the worklist", async () => {
  stop = keepWithin(client, { studies: 2, bytes: 1000 });
  client.setQueryData(["worklist", "page"], [1]);
  client.setQueryData(pixelsOf("1"), new Uint8Array(5000));
  const leave = new QueryObserver(client, { queryKey: pixelsOf("1"), enabled: false }).subscribe(
    () => undefined,
  );
  for (const uid of ["2", "3"]) await see(uid);
  expect(known()).toEqual(["1", "3"]);
  leave();
  await settled();
  expect(known()).toEqual(["3"]);
  expect(client.getQueryData(["worklist", "page"])).toEqual([1]);
});
