using System.Text;
using Bauta.Storage;

namespace Bauta.Host.Demo;

/// <summary>What the demo sells when nothing else is named.</summary>
internal static class DemoGoods
{
    private const string Letter = """
        A letter under the mask

        In Venice the bauta was worn for trading, betting and voting. Everybody could deal with
        the wearer, nobody knew who it was, and a deal made under it was binding.

        You have just bought this letter. The bank knows that one of its tokens was spent and at
        which account the money arrived. The shop knows that it sold a letter. The archive knows
        that some transaction happened. The masks know that somebody spoke with somebody. None of
        them knows that you bought this, and yet you can prove every step of it to a stranger.

        """;

    public static FileInfo Make(string folder)
    {
        var path = Path.Combine(folder, "to-sell", "a-letter-under-the-mask.txt");
        DurableFile.CreateDirectory(Path.GetDirectoryName(path)!);
        if (!File.Exists(path))
            DurableFile.Write(path, Encoding.UTF8.GetBytes(Letter));
        return new FileInfo(path);
    }
}
