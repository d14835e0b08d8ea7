/** How the page looks, by day and by night. Colours differ in lightness too, so that they can be told apart without hue. */

export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --panel: #f5f7f9; --ink: #1f2429; --quiet: #56606a; --line: #d5dbe1;
  --apart: #d9822b; --trusted: #5b8fc7; --account: #6a1b9a; --seed: #12633f; --cut: #d42a4c; --cut-faint: #f0c9d1; --edge: #d3d9df; --faint: #eceff2;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --panel: #1c2228; --ink: #e6eaee; --quiet: #9aa5b0; --line: #343c45;
    --apart: #e8a05a; --trusted: #5f93cc; --account: #e3a8ff; --seed: #6fe0a8; --cut: #ff4d6d; --cut-faint: #55262f; --edge: #39424c; --faint: #232a31;
  }
}
* { box-sizing: border-box; }
html, body { height: 100%; margin: 0; }
body { display: flex; flex-direction: column; background: var(--paper); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
header { padding: 12px 18px 10px; border-bottom: 1px solid var(--line); }
h1 { margin: 0; font-size: 20px; overflow-wrap: anywhere; }
header p { margin: 2px 0 0; }
main { flex: 1; display: flex; min-height: 0; }
#frame { position: relative; flex: 1; min-width: 0; }
#stage { position: absolute; inset: 0; }
#stage:focus-visible { outline: 3px solid var(--trusted); outline-offset: -3px; }
#stage p { padding: 24px; }
#legend { position: absolute; left: 12px; bottom: 12px; margin: 0; padding: 8px 12px; list-style: none; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; font-size: 13px; }
#legend i { display: inline-block; width: 12px; height: 12px; margin-right: 8px; border-radius: 50%; vertical-align: -1px; }
#legend i.apart { background: var(--apart); }
#legend i.trusted { background: var(--trusted); }
#legend i.account { background: var(--account); }
#legend i.seed { background: var(--seed); }
#legend i.cut { height: 3px; border-radius: 0; background: var(--cut); vertical-align: 4px; }
#tip { position: absolute; max-width: 320px; padding: 6px 10px; background: var(--panel); border: 1px solid var(--line); border-radius: 6px; box-shadow: 0 2px 10px #0003; font-size: 13px; pointer-events: none; overflow-wrap: anywhere; }
aside { width: 390px; overflow-y: auto; padding: 14px 18px; background: var(--panel); border-left: 1px solid var(--line); }
aside h2 { margin: 18px 0 4px; font-size: 15px; }
aside h3 { margin: 10px 0 2px; font-size: 15px; overflow-wrap: anywhere; }
aside h4 { margin: 8px 0 4px; font-size: 13px; color: var(--quiet); }
aside p { margin: 4px 0; overflow-wrap: anywhere; }
aside ul { margin: 2px 0; padding-left: 18px; overflow-wrap: anywhere; }
#search { display: flex; flex-wrap: wrap; gap: 6px; align-items: baseline; }
#search input { flex: 1; min-width: 120px; padding: 4px 8px; font: inherit; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 4px; }
button { padding: 3px 9px; font: inherit; font-size: 13px; color: inherit; background: var(--paper); border: 1px solid var(--line); border-radius: 4px; cursor: pointer; overflow-wrap: anywhere; text-align: left; }
button:hover { border-color: var(--trusted); }
button.across { border-color: var(--cut); }
:is(button, input):focus-visible { outline: 2px solid var(--trusted); outline-offset: 1px; }
.around { display: flex; flex-wrap: wrap; gap: 4px; max-height: 168px; overflow-y: auto; }
#found { color: var(--quiet); }
table { width: 100%; border-collapse: collapse; font-size: 13px; }
th { text-align: left; font-weight: 500; color: var(--quiet); }
td { padding: 2px 4px 2px 0; }
.keys { color: var(--quiet); font-size: 13px; }
@media (max-width: 800px) {
  body { height: auto; }
  main { flex-direction: column; }
  #frame { flex: none; height: 65vh; }
  aside { width: auto; border-left: 0; border-top: 1px solid var(--line); }
}
`;
