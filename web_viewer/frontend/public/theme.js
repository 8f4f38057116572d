// Before anything is drawn: the theme that was chosen on this workstation. See src/lib/theme.ts.
document.documentElement.dataset.theme = localStorage.getItem("kidray.theme") || "dark";
