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

/**
 * Say of every script and style sheet what it must hash to (W3C Subresource Integrity): of those that the page
 * names beside their names, of every module, loaded now or later, in an import map (HTML section 8.1.5.2).
 */
function integrity(folder: string): Plugin {
  const hashOf = (name: string) =>
    `sha384-${createHash("sha384")
      .update(readFileSync(join(folder, name)))
      .digest("base64")}`;
  return {
    name: "integrity",
    apply: "build",
    closeBundle() {
      const page = join(folder, "index.html");
      const named = readFileSync(page, "utf8").replace(
        /<(script|link)\b[^>]*?\b(?:src|href)="\/([^"]+\.(?:js|css))"/g,
        (tag, _kind, name) => `${tag} integrity="${hashOf(name)}"`,
      );
      const modules = readdirSync(join(folder, "assets")).filter((name) => name.endsWith(".js"));
      const hashes = Object.fromEntries(modules.map((name) => [`/assets/${name}`, hashOf(`assets/${name}`)]));
      const map = `<script type="importmap">${JSON.stringify({ integrity: hashes })}</script>`;
      writeFileSync(page, named.replace("<script", `${map}\n    <script`)); // before any module is asked for
    },
  };
}

/** Give the Korean words of a file a module of their own, so that they come with Korean and not before it. */
function koreanApart(): Plugin {
  return {
    name: "korean-apart",
    apply: "build",
    enforce: "pre",
    async resolveId(source, importer) {
      if (!importer?.endsWith("/locales/ko.ts") || !source.startsWith("./")) return null;
      const found = await this.resolve(source, importer, { skipSelf: true });
      return found && `${found.id}?ko`;
    },
  };
}

// Words that come with a part of the viewer which is loaded when it is needed.
const LATER_WORDS = ["ko", "admin", "failure", "help", "macros", "presence", "statement", "threshold"];

export default defineConfig({
  plugins: [react(), koreanApart(), integrity("../static"), compressedSiblings("../static/assets")],
  // React has had this itself since 18.
  resolve: { alias: { "use-sync-external-store/shim": "react" } },
  build: {
    outDir: "../static",
    emptyOutDir: true,
    target: "es2022",
    // These know light-dark() themselves; lowered, a part that is dark by itself would not be.
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    modulePreload: { polyfill: false }, // every browser that knows light-dark() preloads modules
    cssCodeSplit: false, // one style sheet, named by the page: nothing else would be held to a hash
    assetsInlineLimit: 0, // a data: address would need a wider Content-Security-Policy
    sourcemap: false,
    rolldownOptions: {
      output: {
        // One file for what every page needs compresses better than many small ones.
        codeSplitting: {
          groups: [
            {
              name: "base",
              test: new RegExp(
                `node_modules[\\\\/](?!lucide-react|d3-|internmap|@tanstack[\\\\/](react-)?virtual)|src[\\\\/]lib[\\\\/](?!locales[\\\\/](${LATER_WORDS.join("|")})\\.|.*[?]ko$)`,
              ),
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
