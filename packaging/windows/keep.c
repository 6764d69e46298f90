/* Keeps wine and its desktop up while a script works: processes of wine's own that were started by a command of the
   script would hold that command's pipe until they end. Writes the file it is given once all of them run. */
#include <windows.h>

int wmain(int argc, wchar_t **argv) {
    GetDesktopWindow();
    if (argc > 1)
        CloseHandle(CreateFileW(argv[1], GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL));
    Sleep(INFINITE);
    return 0;
}
