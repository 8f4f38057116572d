import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// The service to talk to while developing: `npm run dev` beside a running `kidray up`.
const service = process.env.KIDRAY_DEV_URL ?? "http://127.0.0.1:8080";

/** Lay a .br and a .gz beside every script and style sheet: the service sends them as they are. */
function compressedSiblings(folder: string): Plugin {
  return {
    name: "compressed-siblings",
    apply: "build",
    closeBundle() {
      for (const name of readdirSync(folder)) {
        if (!/\.(js|css)$/.test(name)) continue;
        const file = join(folder, name);
        const content = readFileSync(file);
        writeFileSync(`${file}.br`, brotliCompressSync(content));
        writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

/** Say of every script and style sheet that the page names what it must hash to (W3C Subresource Integrity). */
function integrity(folder: string): Plugin {
  return {
    name: "integrity",
    apply: "build",
    closeBundle() {
      const page = join(folder, "index.html");
      const told = readFileSync(page, "utf8").replace(
        /<(script|link)\b[^>]*?\b(?:src|href)="\/([^"]+\.(?:js|css))"/g,
        (tag, _kind, name) => {
          const hash = createHash("sha384")
            .update(readFileSync(join(folder, name)))
            .digest("base64");
          return `${tag} integrity="sha384-${hash}"`;
        },
      );
      writeFileSync(page, told);
    },
  };
}

export default defineConfig({
  plugins: [react(), integrity("../static"), compressedSiblings("../static/assets")],
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    // These know light-dark() themselves; lowered, a part that is dark by itself would not be.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    assetsInlineLimit: 0, // a data: address would need a wider Content-Security-Policy
    sourcemap: false,
    rolldownOptions: {
      output: {
        // One file for what every page needs compresses better than many small ones.
        codeSplitting: {
          groups: [
            {
              name: "base",
              test: /node_modules[\\/](?!lucide-react|@tanstack[\\/](react-)?virtual)|src[\\/]lib[\\/](?!locales[\\/]ko)/,
            },
          ],
        },
      },
    },
  },
  server: { proxy: { "/api": service, "/dicom-web": service } },
  test: {
    environment: "node", // files that need a page say so in their first line
    include: ["src/**/*.test.{ts,tsx}"],
    isolate: false,
    testTimeout: 30_000, // a busy machine is no failure
  },
});
