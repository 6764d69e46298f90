/* python.exe for the Python that PyInstaller runs under wine: it only hands its arguments on. */
#include <windows.h>

typedef int (*py_main)(int, wchar_t **);

int wmain(int argc, wchar_t **argv) {
    HMODULE python = LoadLibraryW(L"python311.dll");
    if (!python) return 111;
    return ((py_main)GetProcAddress(python, "Py_Main"))(argc, argv);
}
